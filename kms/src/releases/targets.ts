/** What a targets file names, checked against the blobs: every release whole, every artifact there. */
import {
  type Artifact,
  BulkheadError,
  blobsOf,
  describeMisfit,
  maxReleaseBytes,
  onlyForOf,
  opensToOf,
  paperOf,
  parseEnvelope,
  type Release,
  releaseSchema,
  releaseTargetName,
  rollbackFromOf,
} from "@bulkhead/protocol";
import { Metadata, MetadataKind, type Root, type TargetFile, type Targets } from "@tufjs/models";
import { z } from "zod";
import type { ReleaseSummary } from "../api/index.ts";
import type { Blobs } from "./blobs.ts";

type Stored = Pick<Blobs, "lengthOf" | "read">;
export type NamedRelease = Omit<ReleaseSummary, "uploadedAtMs" | keyof Standing>;
/** What the newest targets say of a release that is here. */
export type Standing = Pick<ReleaseSummary, "isSigned" | "rollbackFrom" | "onlyFor">;

/** `targets`: the newest; undefined before the first. Throws RELEASE_METADATA_INVALID. */
export function standingIn(targets: Metadata<Targets> | undefined, { target }: { target: string }): Standing {
  const file = targets?.signed.targets[target];
  const custom = file?.unrecognizedFields["custom"];
  return {
    isSigned: file !== undefined,
    rollbackFrom: rollbackFromOf(custom, target) ?? null,
    onlyFor: onlyForOf(custom, target) ?? null,
  };
}

/** Errors: RELEASE_METADATA_INVALID, RELEASE_SIGNATURE_INVALID (where `verifyWith` is given). */
export function parseTargets(content: string, verifyWith: Metadata<Root> | undefined): Metadata<Targets> {
  const targets = parse(content);
  try {
    verifyWith?.verifyDelegate("targets", targets);
  } catch (cause) {
    throw new BulkheadError(
      "RELEASE_SIGNATURE_INVALID",
      "the targets file is not signed by the project's targets keys",
      {
        remedy: "sign with the keys that the project's root names; devices would refuse this release",
        cause,
      },
    );
  }
  return targets;
}

function parse(content: string): Metadata<Targets> {
  try {
    return Metadata.fromJSON(MetadataKind.Targets, JSON.parse(content));
  } catch (cause) {
    throw new BulkheadError("RELEASE_METADATA_INVALID", "the targets file is not TUF metadata", { cause });
  }
}

/** Reads every release that `targets` names. Errors: REQUEST_INVALID (a blob is missing), RELEASE_INVALID, RELEASE_METADATA_INVALID. */
export async function readReleases(targets: Metadata<Targets>, blobs: Stored): Promise<NamedRelease[]> {
  const releases: NamedRelease[] = [];
  for (const target of Object.values(targets.signed.targets)) {
    if (paperOf(target.path) === undefined) releases.push(await readRelease(target, blobs));
    // Papers are for people and their tools: kept and given out, and not read here.
    else await checkBlob(blobs, digestOf(target), target.length, target.path);
  }
  return releases;
}

function digestOf(target: TargetFile): string {
  const digest = target.hashes["sha256"] ?? "";
  if (/^[0-9a-f]{64}$/.test(digest) && target.length <= maxReleaseBytes) return digest;
  throw new BulkheadError("RELEASE_METADATA_INVALID", `target ${target.path} has no SHA-256 or is too long`);
}

async function readRelease(target: TargetFile, blobs: Stored): Promise<NamedRelease> {
  const digest = digestOf(target);
  await checkBlob(blobs, digest, target.length, `release ${target.path}`);
  const text = Buffer.concat(await blobs.read(digest).toArray()).toString();
  const custom = target.unrecognizedFields["custom"];
  const opensTo = opensToOf(custom, target.path);
  // Every device would refuse what is none.
  rollbackFromOf(custom, target.path);
  onlyForOf(custom, target.path);
  const read = opensTo === undefined ? readReadable(target, text) : readEnvelope(target, text, opensTo);
  if (releaseTargetName(read) !== target.path) {
    throw new BulkheadError("RELEASE_INVALID", `target ${target.path} holds ${releaseTargetName(read)}`);
  }
  const { stored, name, version, releaseCounter, board } = read;
  for (const artifact of stored) {
    await checkBlob(blobs, artifact.digest, artifact.length, `an artifact of ${target.path}`);
  }
  const lengthBytes = target.length + stored.reduce((sum, artifact) => sum + artifact.length, 0);
  const envelope = opensTo === undefined ? null : digest;
  return { digest: read.digest, target: target.path, name, version, releaseCounter, board, lengthBytes, envelope };
}

function readReadable(target: TargetFile, text: string) {
  const release = parseRelease(target.path, text);
  const stored: readonly Artifact[] = [...release.artifacts, ...blobsOf(release.baseSystem)];
  return { ...release, digest: digestOf(target), stored };
}

/** All that can be seen here of a release for others' eyes. */
function readEnvelope(target: TargetFile, text: string, opensTo: string) {
  const { release: digest, blobs, ...shown } = parseEnvelope(text, target.path);
  const stored: readonly Artifact[] = blobs;
  if (digest === opensTo) return { ...shown, digest, stored };
  throw new BulkheadError("RELEASE_INVALID", `target ${target.path} holds the envelope of another release`);
}

function parseRelease(name: string, text: string): Release {
  try {
    return releaseSchema.parse(JSON.parse(text));
  } catch (cause) {
    const words = cause instanceof z.ZodError ? describeMisfit(cause) : "it is not JSON";
    throw new BulkheadError("RELEASE_INVALID", `${name} is not a release: ${words}`, {
      remedy: "build it with the version of Bulkhead that this KMS runs",
      cause,
    });
  }
}

async function checkBlob(blobs: Stored, digest: string, length: number, what: string): Promise<void> {
  const stored = await blobs.lengthOf(digest);
  if (stored === length) return;
  const problem = stored === undefined ? "is not here" : `has ${stored} bytes here, not ${length}`;
  throw new BulkheadError("REQUEST_INVALID", `blob ${digest}, ${what}, ${problem}`, {
    remedy: `PUT /api/v1/blobs/${digest} first`,
  });
}
