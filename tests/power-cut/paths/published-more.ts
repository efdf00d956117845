/** Releases of other kinds, for the paths of the verifier and of who brings a file: one that is encrypted, one with a base system, and what an export of a release writes. */
import { createReadStream } from "node:fs";
import { cp, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  type BaseSystem,
  BulkheadError,
  type ExportHeader,
  generateX25519Key,
  type KeyPair,
  sha256,
} from "@bulkhead/protocol";
import { developmentRing, signRelease } from "@bulkhead/studio";
import { collectMetadata } from "../../../studio/src/export/metadata.ts";
import { writeFileOf } from "../../../studio/src/export/write-file.ts";
import { type BuiltForTest, createDevice, type Project, signOnline } from "../../releases/project.ts";
import type { Staged } from "./published.ts";

export type PublishedMore = {
  /** Encrypted to the key of a deployment. */
  readonly sealed: Staged & { readonly key: KeyPair };
  /** With a base system that is not the one that runs. */
  readonly based: Staged & { readonly base: BaseSystem };
  /** In a file of `bulkhead export`; its metadata is the newest of all. */
  readonly exported: { readonly built: BuiltForTest; readonly file: string };
};

/** After four releases and two overlays, which have the versions up to 5. */
export async function publishMore(project: Project): Promise<PublishedMore> {
  const builtAtMs = Date.now() - 100_000 + 10;
  const sealed = await publishSealed(project, builtAtMs);
  const based = await publishBased(project, builtAtMs);
  const built = await project.build(7, "release 7", { builtAtMs });
  await project.sign(built);
  await signOnline(project.repoDir, project.online, { version: 8 });
  return {
    sealed,
    based,
    exported: { built, file: await exportTo(join(project.root, "release.bulkhead"), project, built) },
  };
}

async function publishSealed(project: Project, builtAtMs: number): Promise<PublishedMore["sealed"]> {
  const { keysDir, repoDir, online } = project;
  const key = generateX25519Key();
  const built = await project.build(5, "release 5", { builtAtMs });
  const keys = await developmentRing(keysDir);
  await signRelease({ keys, repoDir, releaseDir: built.dir, recipients: [key.publicKey] });
  await signOnline(repoDir, online, { version: 6 });
  const { directories, staging } = await createDevice(project);
  for (const name of await readdir(repoDir)) {
    if (name.endsWith(".json")) await cp(join(repoDir, name), join(staging.metadata, name));
  }
  const [envelope = ""] = (await readdir(join(repoDir, "targets"))).filter((name) => name.endsWith(built.target));
  await cp(join(repoDir, "targets", envelope), join(staging.targets, envelope));
  await cp(join(repoDir, "sealed"), staging.blobs, { recursive: true });
  return { built, staging: directories.staging, key };
}

async function publishBased(project: Project, builtAtMs: number): Promise<PublishedMore["based"]> {
  const [boot, root] = [Buffer.alloc(2 * 4096, "kernel"), Buffer.alloc(4096, "root")];
  const part = (bytes: Buffer) => ({ digest: sha256(bytes), length: bytes.length });
  const base = { digest: "b".repeat(64), parts: { boot: part(boot), root: part(root) } };
  const built = await project.build(6, "release 6", { builtAtMs, baseSystem: base });
  for (const bytes of [boot, root]) await writeFile(join(built.dir, "blobs", sha256(bytes)), bytes);
  await project.sign(built);
  await signOnline(project.repoDir, project.online, { version: 7 });
  const device = await createDevice(project);
  await device.stage(built);
  return { built, staging: device.directories.staging, base };
}

/** As `bulkhead export` does with what the management service has. */
async function exportTo(file: string, { repoDir }: Project, built: BuiltForTest): Promise<string> {
  const metadata = (name: string) =>
    readFile(join(repoDir, name), "utf8").catch(() => {
      throw new BulkheadError("NOT_FOUND", `there is no ${name}`);
    });
  const wanted = { target: built.target, signed: built.digest, overlay: undefined };
  const { files, expires } = await collectMetadata({ metadata }, wanted);
  const header: ExportHeader = { format: 1, target: built.target, releaseDigest: built.digest, expires };
  const download = async (digest: string) => createReadStream(join(built.dir, "blobs", digest));
  const documents = [await readFile(join(built.dir, "release.json"), "utf8")];
  await writeFileOf(file, header, { files, documents, blobs: built.release.artifacts, download });
  return file;
}
