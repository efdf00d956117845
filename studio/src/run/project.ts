/** The developer's side of a system: offline keys, the repository they sign, and its way to the management service. */
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { UploadAnswer } from "@bulkhead/kms";
import {
  BulkheadError,
  blobsOf,
  isEnvelope,
  paperOf,
  parseEnvelope,
  type Release,
  releaseSchema,
  releaseTargetName,
} from "@bulkhead/protocol";
import type { TargetFile } from "@tufjs/models";
import type { StudioClient } from "../api/client.ts";
import { type BuiltRelease, buildProject } from "../build/index.ts";
import { developmentRing, initKeys, markDevelopmentKeys } from "../keys/index.ts";
import { createKeyFile, readKeyFile } from "../keys/key-file.ts";
import { openSigner } from "../keys/key-ring.ts";
import type { Signer } from "../keys/signer.ts";
import { sealedFile } from "../seal/store.ts";
import { initRepository, type OnlineKeys, type SignedRelease, signRelease, signTargets } from "../sign/index.ts";
import { readNewestTargets } from "../sign/metadata.ts";
import { opensTo } from "../sign/opens-to.ts";
import { readRepository } from "../sign/repository.ts";
import { digestOfTarget, readTarget, targetFile } from "../sign/target-file.ts";

export type Project = { keysDir: string; repositoryDir: string };

const operatorFile = "operator-1.json";

/** Makes development keys, an operator's among them, and a repository that trusts them and the service's online keys, unless they are there. */
export async function ensureProject(project: Project, online: OnlineKeys): Promise<void> {
  if (await hasFiles(project.keysDir)) await markDevelopmentKeys(project.keysDir);
  else await initKeys(project.keysDir, "development");
  const file = join(project.keysDir, operatorFile);
  if (!existsSync(file)) await createKeyFile(file, "operator", "development");
  const isNew = !(await hasFiles(project.repositoryDir));
  const keys = await developmentRing(project.keysDir);
  if (isNew) await initRepository(keys, project.repositoryDir, online);
  if (isNew || !(await hasOperators(project.repositoryDir))) {
    const { publicKey } = await readKeyFile(file);
    const delegation = { to: "operators", keys: [publicKey], threshold: 1 } as const;
    await signTargets(keys, project.repositoryDir, { delegation });
  }
}

async function hasOperators(repositoryDir: string): Promise<boolean> {
  const { targets } = await readRepository(repositoryDir);
  return Object.keys(targets?.signed.delegations?.roles ?? {}).includes("operators");
}

/** What signs commands to the devices of a system on the developer's own machine. */
export async function developmentOperator(project: Project): Promise<Signer> {
  const { keys, passphrases } = await developmentRing(join(project.keysDir, operatorFile));
  const [key] = keys;
  if (key !== undefined) return openSigner(key, passphrases);
  throw new BulkheadError("KEYS_INVALID", `${project.keysDir} has no operator's key`);
}

/** The signed release with the highest counter; null where nothing was signed yet. */
export async function newestSigned(repositoryDir: string): Promise<{ release: Release; digest: string } | null> {
  const directory = join(repositoryDir, "targets");
  const files = (await readdir(directory).catch(() => [])).filter(
    (name) => /^[0-9a-f]{64}\..+\.json$/.test(name) && paperOf(name.slice(65)) === undefined,
  );
  const all = await Promise.all(
    files.map(async (name) => {
      const document = JSON.parse(await readFile(join(directory, name), "utf8"));
      // Nothing is built again after a release that cannot be read.
      return isEnvelope(document) ? [] : [{ release: releaseSchema.parse(document), digest: name.slice(0, 64) }];
    }),
  );
  return all.flat().sort((a, b) => b.release.releaseCounter - a.release.releaseCounter)[0] ?? null;
}

/** Builds a manifest: the newest signed release again where nothing has changed since, else the next one. */
export async function buildNext(project: Project, manifest: string, outDir: string): Promise<BuiltRelease> {
  const newest = await newestSigned(project.repositoryDir);
  if (newest === null) return buildProject({ manifest, outDir, releaseCounter: 1 });
  const { releaseCounter, builtAtMs } = newest.release;
  const again = await buildProject({ manifest, outDir, releaseCounter, builtAtMs });
  return again.releaseDigest === newest.digest
    ? again
    : buildProject({ manifest, outDir, releaseCounter: releaseCounter + 1 });
}

/** Signs a built release and uploads it with everything that it names. */
export async function publish(client: StudioClient, project: Project, built: BuiltRelease): Promise<SignedRelease> {
  const keys = await developmentRing(project.keysDir);
  const signed = await signRelease({ keys, repoDir: project.repositoryDir, releaseDir: built.dir });
  await upload(client, project.repositoryDir, built);
  return signed;
}

/** Uploads the newest targets, all roots, and the bytes of one release. */
export async function upload(client: StudioClient, repositoryDir: string, built: BuiltRelease): Promise<void> {
  await uploadBytes(client, repositoryDir, built);
  await uploadMetadata(client, repositoryDir);
}

/** Uploads what a release names, as the newest targets have it. What names the release comes after that. */
export async function uploadBytes(client: StudioClient, repositoryDir: string, built: BuiltRelease): Promise<void> {
  const targets = await readNewestTargets(repositoryDir);
  if (targets === undefined) {
    throw new BulkheadError("NOT_FOUND", "the repository has no targets yet", { remedy: "sign a release" });
  }
  const target = targets.signed.targets[releaseTargetName(built.release)];
  if (target !== undefined && opensTo(target) !== undefined)
    await uploadEncrypted(client, repositoryDir, target, built);
  else await uploadReadable(client, built);
}

async function uploadReadable(client: StudioClient, built: BuiltRelease): Promise<void> {
  const { artifacts, baseSystem } = built.release;
  for (const { digest } of [...artifacts, ...blobsOf(baseSystem)]) {
    await client.uploadBlob(digest, await readFile(join(built.dir, "blobs", digest)));
  }
  await client.uploadBlob(built.releaseDigest, await readFile(join(built.dir, "release.json")));
}

/** The envelope and the files that it lists. Throws FILE_UNREADABLE: they were made where the release was signed, or prepared. */
async function uploadEncrypted(
  client: StudioClient,
  repositoryDir: string,
  target: TargetFile,
  { release, dir }: BuiltRelease,
): Promise<void> {
  const text = await readTarget(repositoryDir, target);
  if (text === undefined) throw notHere(repositoryDir, target.path);
  // A base system is for anybody to read: it is the distribution's.
  const readable = new Set(blobsOf(release.baseSystem).map(({ digest }) => digest));
  for (const { digest } of parseEnvelope(text, target.path).blobs) {
    if (await client.hasBlob(digest)) continue;
    const file = readable.has(digest) ? join(dir, "blobs", digest) : sealedFile(repositoryDir, digest);
    const bytes = await readFile(file).catch((cause: unknown) => {
      throw notHere(repositoryDir, `sealed/${digest}`, cause);
    });
    await client.uploadBlob(digest, bytes);
  }
  await client.uploadBlob(target.hashes["sha256"] ?? "", Buffer.from(text));
}

function notHere(repositoryDir: string, name: string, cause?: unknown): BulkheadError {
  return new BulkheadError("FILE_UNREADABLE", `${repositoryDir} has no ${name}`, {
    cause,
    remedy: "deploy from the repository that the release was encrypted in, or sign it anew here",
  });
}

/** Uploads all roots, and the newest targets where there are some, with the papers that they name; lists of overlays too, where they are given. */
export async function uploadMetadata(
  client: StudioClient,
  repositoryDir: string,
  overlays: Record<string, string> = {},
): Promise<UploadAnswer> {
  const { roots, targets } = await readFiles(repositoryDir);
  await uploadPapers(client, repositoryDir);
  return client.uploadRelease(targets === undefined ? { roots } : { roots, targets, overlays });
}

async function uploadPapers(client: StudioClient, repositoryDir: string): Promise<void> {
  const named = (await readNewestTargets(repositoryDir))?.signed.targets ?? {};
  for (const [target, { hashes }] of Object.entries(named)) {
    const digest = digestOfTarget({ hashes });
    const file = targetFile(repositoryDir, target, digest);
    // Who has the metadata alone uploads that: the service says what it misses.
    if (paperOf(target) === undefined || !existsSync(file) || (await client.hasBlob(digest))) continue;
    await client.uploadBlob(digest, await readFile(file));
  }
}

/** Gives the service the project's roots before there is a release: devices pin them when they are enrolled. */
export async function uploadRoots(client: StudioClient, repositoryDir: string): Promise<void> {
  const { roots } = await readFiles(repositoryDir);
  await client.uploadRelease({ roots });
}

async function readFiles(repositoryDir: string): Promise<{ roots: Record<string, string>; targets?: string }> {
  const files = await readdir(repositoryDir);
  const read = (name: string) => readFile(join(repositoryDir, name), "utf8");
  const names = files.filter((name) => /^\d+\.root\.json$/.test(name));
  const roots = Object.fromEntries(await Promise.all(names.map(async (name) => [name, await read(name)] as const)));
  const versions = files.flatMap((name) => /^(\d+)\.targets\.json$/.exec(name)?.[1] ?? []).map(Number);
  return versions.length === 0 ? { roots } : { roots, targets: await read(`${Math.max(...versions)}.targets.json`) };
}

async function hasFiles(directory: string): Promise<boolean> {
  return (await readdir(directory).catch(() => [])).length > 0;
}
