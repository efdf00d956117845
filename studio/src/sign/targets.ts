/** The targets of a project: the releases that devices may run. What the next file would be; signing it is elsewhere. Pure. */
import { BulkheadError, type OnlyFor, paperOf, type Release, releaseTargetName } from "@bulkhead/protocol";
import { Metadata, TargetFile, Targets } from "@tufjs/models";
import type { SealedText } from "../seal/release.ts";
import { changeDelegations, type DelegationChange, type DelegationsJson } from "./delegations.ts";
import { expiresIn, specVersion } from "./metadata.ts";
import { onlyForAsCustom, onlyForBefore } from "./only-for.ts";
import { contentDigest } from "./opens-to.ts";
import type { Paper } from "./papers.ts";
import { beforeSigning, rollbackFrom, stating, withRollback } from "./rollback.ts";

const targetsDays = 180;
/** Releases that stay signed. Older ones leave the list: a device that needs one is to be updated, not served. */
const keptTargets = 64;

export type BuiltDocument = {
  readonly release: Release;
  readonly digest: string;
  readonly lengthBytes: number;
  readonly papers: readonly Paper[];
  /** What stands among the targets in its place. */
  readonly sealed?: SealedText | undefined;
  /** Which devices may take it; null: any of its board; undefined: as the one before it. */
  readonly onlyFor?: OnlyFor | null | undefined;
};

export type TargetsChange = {
  readonly release?: BuiltDocument;
  readonly delegation?: DelegationChange;
  /** The target of the release that devices may go back to. */
  readonly rollbackTo?: string;
};

/** The targets after `old`, good for another half a year; without a change a refresh. Throws RELEASE_ROLLBACK, KEYS_INVALID, USAGE. */
export function nextTargets(old: Targets | undefined, change: TargetsChange, nowMs: number): Metadata<Targets> {
  const before = old?.targets ?? {};
  const signed = new Targets({
    version: (old?.version ?? 0) + 1,
    specVersion,
    expires: expiresIn(targetsDays, nowMs),
    targets: filesAfter(before, change),
  });
  const json = { ...signed.toJSON(), ...delegationsAfter(old, change) };
  return new Metadata(Targets.fromJSON(json as Parameters<typeof Targets.fromJSON>[0]));
}

type Files = Targets["targets"];

function filesAfter(before: Files, { release, rollbackTo }: TargetsChange): Files {
  if (rollbackTo !== undefined) return withRollback(before, rollbackTo);
  return release === undefined ? before : withRelease(beforeSigning(before, release.release), release);
}

/** With a release and its papers, in place of those that it had, and without the oldest releases and theirs. */
function withRelease(before: Files, built: BuiltDocument): Files {
  const [name, file] = targetOf(built, before);
  const others = Object.entries(before).filter(([path]) => path !== name && paperOf(path)?.release !== name);
  const all: [string, TargetFile][] = [...others, [name, file], ...built.papers.map(paperTarget)];
  const releases = all.map(([path]) => path).filter((path) => paperOf(path) === undefined);
  const kept = new Set(releases.slice(-keptTargets));
  return Object.fromEntries(all.filter(([path]) => kept.has(paperOf(path)?.release ?? path)));
}

function paperTarget({ kind, target: path, builder, sealed, ...plain }: Paper): [string, TargetFile] {
  const { text, digest } = sealed ?? plain;
  const custom = {
    ...{ paper: kind, ...(builder === undefined ? {} : { builder }) },
    ...(sealed && { opensTo: plain.digest }),
  };
  const file = { path, length: Buffer.byteLength(text), hashes: { sha256: digest } };
  return [path, new TargetFile({ ...file, unrecognizedFields: { custom } })];
}

function delegationsAfter(old: Targets | undefined, { delegation }: TargetsChange): { delegations?: DelegationsJson } {
  const before = old?.delegations?.toJSON() as DelegationsJson | undefined;
  const after = delegation === undefined ? before : changeDelegations(before, delegation);
  return after === undefined ? {} : { delegations: after };
}

function targetOf(built: BuiltDocument, before: Files): [string, TargetFile] {
  const { release, digest, lengthBytes, sealed } = built;
  const path = releaseTargetName(release);
  const signed = contentDigest(before[path]);
  // A counter means one content for ever: devices remember what they committed by it.
  if (signed !== undefined && signed !== digest) {
    const message = `${path} is signed already, with another content`;
    throw new BulkheadError("RELEASE_ROLLBACK", message, { remedy: "build with a higher --counter" });
  }
  const { onlyFor = onlyForBefore(before, release) } = built;
  const custom = {
    releaseCounter: release.releaseCounter,
    ...(sealed && { opensTo: digest }),
    ...(onlyFor && onlyForAsCustom(onlyFor)),
  };
  const length = sealed === undefined ? lengthBytes : Buffer.byteLength(sealed.text);
  const hashes = { sha256: sealed?.digest ?? digest };
  const file = new TargetFile({ path, length, hashes, unrecognizedFields: { custom } });
  // Signed anew, for others: what was said of it stands.
  return [path, stating(file, rollbackFrom(before[path]))];
}
