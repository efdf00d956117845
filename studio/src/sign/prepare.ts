/** Makes signing requests: what the next root or targets of a repository would be. Nothing is signed here. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { BulkheadError, canonicalJson, paperOf, type Release, releaseSchema, sha256 } from "@bulkhead/protocol";
import type { Targets } from "@tufjs/models";
import type { KeyRing } from "../keys/key-ring.ts";
import { readPapers } from "./papers.ts";
import { readRelease } from "./release-file.ts";
import { type Repository, readRepository, rootOf } from "./repository.ts";
import type { SigningRequest } from "./request.ts";
import { firstRoot, nextRoot, type RootChange, type RootContent } from "./root.ts";
import { nextTargets, type TargetsChange } from "./targets.ts";

/** Throws USAGE where there is a root already, KEYS_INVALID, KEY_WEAK. */
export async function prepareFirstRoot(
  repositoryDir: string,
  content: Omit<RootContent, "rootThreshold">,
  nowMs = Date.now(),
): Promise<SigningRequest> {
  if ((await readRepository(repositoryDir)).root !== undefined) {
    throw new BulkheadError("USAGE", `${repositoryDir} has a root already`, {
      remedy: "make the next version of it: bulkhead root rotate",
    });
  }
  return { metadata: firstRoot(content, nowMs), root: undefined, before: undefined, ...nothing };
}

const nothing = { releases: new Map<string, Release>(), papers: new Map<string, string>() };

/** Throws USAGE where there is no root yet, KEYS_INVALID, KEY_WEAK. */
export async function prepareNextRoot(
  repositoryDir: string,
  change: RootChange,
  nowMs = Date.now(),
): Promise<SigningRequest> {
  const root = rootOf(await readRepository(repositoryDir));
  return { metadata: nextRoot(root.signed, change, nowMs), root, before: undefined, ...nothing };
}

export type TargetsPreparation = Omit<TargetsChange, "release"> & {
  readonly releaseDir?: string;
  /** Who is at hand to sign the release's provenance. */
  readonly ring?: KeyRing | undefined;
};

/** Without a change: the same targets, good for longer. Throws USAGE, RELEASE_INVALID, RELEASE_ROLLBACK, KEYS_INVALID. */
export async function prepareTargets(
  repositoryDir: string,
  { releaseDir, delegation, ring }: TargetsPreparation,
  nowMs = Date.now(),
): Promise<SigningRequest> {
  const repository = await readRepository(repositoryDir);
  const root = rootOf(repository);
  const before = repository.targets;
  const built = releaseDir === undefined ? undefined : await readRelease(releaseDir);
  const documents = built === undefined ? [] : [built.release, ...(await newestSigned(repository, built.release))];
  const papers = built === undefined ? [] : await readPapers(releaseDir ?? "", built.release, ring);
  const release = built && {
    papers,
    release: built.release,
    digest: sha256(built.text),
    lengthBytes: Buffer.byteLength(built.text),
  };
  const metadata = nextTargets(
    before?.signed,
    { ...(release && { release }), ...(delegation && { delegation }) },
    nowMs,
  );
  const releases = new Map(documents.map((one) => [sha256(canonicalJson(one)), one]));
  return { metadata, root, before, releases, papers: new Map(papers.map(({ digest, text }) => [digest, text])) };
}

/** The signed release that a new one is compared with: the newest of its name. */
async function newestSigned({ directory, targets }: Repository, { name }: Release): Promise<Release[]> {
  const signed = new Set(digestsOf(targets?.signed));
  const files = (await readdir(join(directory, "targets")).catch(() => [])).filter(
    (file) => signed.has(file.slice(0, 64)) && paperOf(file.slice(65)) === undefined,
  );
  const read = await Promise.all(
    files.map(async (file) =>
      releaseSchema.parse(JSON.parse(await readFile(join(directory, "targets", file), "utf8"))),
    ),
  );
  return read
    .filter((one) => one.name === name)
    .sort((a, b) => b.releaseCounter - a.releaseCounter)
    .slice(0, 1);
}

const digestsOf = (targets: Targets | undefined): string[] =>
  Object.values(targets?.targets ?? {}).flatMap(({ hashes }) => hashes["sha256"] ?? []);
