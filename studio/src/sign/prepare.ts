/** Makes signing requests: what the next root or targets of a repository would be. Nothing is signed here. */
import { BulkheadError, canonicalJson, type OnlyFor, paperOf, type Release, sha256 } from "@bulkhead/protocol";
import type { Unwrap } from "@bulkhead/runtime";
import type { KeyRing } from "../keys/key-ring.ts";
import { opener } from "../seal/open.ts";
import { sealPaper, sealRelease } from "../seal/release.ts";
import { type Paper, readPapers } from "./papers.ts";
import { readRelease } from "./release-file.ts";
import { type Repository, readRepository, rootOf } from "./repository.ts";
import type { SigningRequest } from "./request.ts";
import { firstRoot, nextRoot, type RootChange, type RootContent } from "./root.ts";
import { readSignedRelease } from "./signed-release.ts";
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
  /** Who will be able to read the release; undefined: everybody who has its files. */
  readonly recipients?: readonly string[] | undefined;
  /** Which devices may take it; null: any of its board; undefined: as the one before it. */
  readonly onlyFor?: OnlyFor | null | undefined;
  /** Opens the release before, where it is encrypted. Default: by the ring's keys. */
  readonly unwrap?: Unwrap;
};

/** Without a change: the same targets, good for longer. Throws USAGE, RELEASE_INVALID, RELEASE_ROLLBACK, KEYS_INVALID. */
export async function prepareTargets(
  repositoryDir: string,
  { releaseDir, delegation, rollbackTo, ring, recipients, onlyFor, unwrap = opener(ring) }: TargetsPreparation,
  nowMs = Date.now(),
): Promise<SigningRequest> {
  const repository = await readRepository(repositoryDir);
  const root = rootOf(repository);
  const before = repository.targets;
  const built = releaseDir === undefined ? undefined : await readRelease(releaseDir);
  const documents =
    built === undefined ? [] : [built.release, ...(await newestSigned(repository, built.release, unwrap))];
  const plain = built === undefined ? [] : await readPapers(releaseDir ?? "", built.release, ring);
  const sealed = built && recipients && (await sealRelease(built, releaseDir ?? "", repositoryDir, recipients));
  const papers = recipients === undefined ? plain : await sealPapers(plain, recipients);
  const release = built && {
    ...{ papers, sealed, onlyFor, release: built.release },
    digest: sha256(built.text),
    lengthBytes: Buffer.byteLength(built.text),
  };
  const metadata = nextTargets(
    before?.signed,
    { ...(release && { release }), ...(delegation && { delegation }), ...(rollbackTo && { rollbackTo }) },
    nowMs,
  );
  const releases = new Map(documents.map((one) => [sha256(canonicalJson(one)), one]));
  const texts = [sealed, ...papers.map((paper) => paper.sealed)].flatMap((one) => one ?? []);
  return {
    ...{ metadata, root, before, releases },
    papers: new Map(papers.map(({ digest, text }) => [digest, text])),
    sealed: new Map(texts.map(({ digest, text }) => [digest, text])),
  };
}

function sealPapers(papers: readonly Paper[], recipients: readonly string[]): Promise<Paper[]> {
  return Promise.all(papers.map(async (paper) => ({ ...paper, sealed: await sealPaper(paper.text, recipients) })));
}

/** The signed release that a new one is compared with: the newest of its name that can be read here. */
async function newestSigned({ directory, targets }: Repository, { name }: Release, unwrap: Unwrap): Promise<Release[]> {
  const files = Object.values(targets?.signed.targets ?? {}).filter(({ path }) => paperOf(path) === undefined);
  const read = await Promise.all(files.map((file) => readSignedRelease(directory, file, unwrap)));
  return read
    .flatMap((one) => (one?.release.name === name ? [one.release] : []))
    .sort((a, b) => b.releaseCounter - a.releaseCounter)
    .slice(0, 1);
}
