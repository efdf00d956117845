/** What a rebuild is compared with: a build's directory, or what the targets of the project's repository name. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  BulkheadError,
  type PaperKind,
  paperKinds,
  paperOf,
  paperTargetName,
  type Release,
  releaseTargetName,
  sha256,
} from "@bulkhead/protocol";
import type { Unwrap } from "@bulkhead/runtime";
import type { Metadata, Targets } from "@tufjs/models";
import { openEnvelope } from "../../papers/dsse.ts";
import { openPaper } from "../../seal/open.ts";
import { authorityOf, checkSignatures, missingOf } from "../../sign/authority.ts";
import { contentDigest, opensTo } from "../../sign/opens-to.ts";
import { readRelease } from "../../sign/release-file.ts";
import { readRepository, rootOf } from "../../sign/repository.ts";
import { openSignedRelease } from "../../sign/signed-release.ts";
import { openTarget } from "../../sign/target-file.ts";
import { paperFiles } from "../project-build.ts";

export type Subject = {
  readonly release: Release;
  readonly digest: string;
  /** Texts of the papers, where it has them: of provenance the statement, without its signature. */
  readonly papers: Readonly<Partial<Record<PaperKind, string>>>;
  /** Where its artifacts lie; undefined: only their digests are known. */
  readonly dir: string | undefined;
};

/** `what`: a directory; or with a repository the name or the digest of a target. Throws NOT_FOUND, USAGE, RELEASE_… errors. */
export async function findSubject(what: string, repositoryDir: string | undefined, unwrap: Unwrap): Promise<Subject> {
  if (existsSync(join(what, "release.json"))) return ofDirectory(what);
  if (repositoryDir !== undefined) return ofRepository(what, repositoryDir, unwrap);
  throw new BulkheadError("NOT_FOUND", `${what} is no directory of a build`, {
    remedy: "give --repository DIR where it is the name or the digest of a signed release",
  });
}

async function ofDirectory(dir: string): Promise<Subject> {
  const { release, text } = await readRelease(dir);
  const read = (name: string) => readFile(join(dir, name), "utf8").catch(() => undefined);
  const [sbom, provenance] = await Promise.all([read(paperFiles.sbom), read(paperFiles.provenance)]);
  const papers = { ...(sbom !== undefined && { sbom }), ...(provenance !== undefined && { provenance }) };
  return { release, digest: sha256(text), papers, dir };
}

async function ofRepository(what: string, directory: string, unwrap: Unwrap): Promise<Subject> {
  const repository = await readRepository(directory);
  const root = rootOf(repository).signed;
  const { targets } = repository;
  if (targets === undefined) throw new BulkheadError("NOT_FOUND", `${directory} has no signed targets`);
  const authority = authorityOf(root, "targets");
  if (missingOf(authority, checkSignatures(targets, [authority])) > 0) {
    throw new BulkheadError(
      "RELEASE_SIGNATURE_INVALID",
      `the targets in ${directory} lack signatures of ${authority.title}`,
    );
  }
  const files = targets.signed.targets;
  const name = Object.keys(files).find((path) => path === what || contentDigest(files[path]) === what);
  const file = files[name ?? ""];
  if (name === undefined || file === undefined || paperOf(name) !== undefined) {
    throw new BulkheadError("NOT_FOUND", `${directory} has no signed release ${what}`, {
      remedy: `it has ${Object.keys(files)
        .filter((path) => paperOf(path) === undefined)
        .slice(-20)
        .join(", ")}`,
    });
  }
  const { release, text } = await openSignedRelease(directory, file, unwrap);
  if (releaseTargetName(release) !== name) throw new BulkheadError("RELEASE_INVALID", `${name} holds another release`);
  return { release, digest: sha256(text), papers: await papersOf(directory, targets, release, unwrap), dir: undefined };
}

async function papersOf(
  directory: string,
  targets: Metadata<Targets>,
  release: Release,
  unwrap: Unwrap,
): Promise<Subject["papers"]> {
  const papers: Partial<Record<PaperKind, string>> = {};
  for (const kind of paperKinds) {
    const name = paperTargetName(release, kind);
    const file = targets.signed.targets[name];
    if (file === undefined) continue;
    const stored = await openTarget(directory, file);
    const text = opensTo(file) === undefined ? stored : await openPaper(stored, unwrap);
    if (sha256(text) !== contentDigest(file)) throw new BulkheadError("RELEASE_ARTIFACT_ALTERED", `${name} is another`);
    const builder = (file.custom as { builder?: unknown } | undefined)?.builder;
    papers[kind] = kind === "provenance" ? openEnvelope(text, String(builder), name) : text;
  }
  return papers;
}
