/** What a targets file names, checked against the blobs: every release whole, every artifact there. */
import {
  BulkheadError,
  blobsOf,
  describeMisfit,
  paperOf,
  type Release,
  releaseSchema,
  releaseTargetName,
} from "@bulkhead/protocol";
import { Metadata, MetadataKind, type Root, type TargetFile, type Targets } from "@tufjs/models";
import { z } from "zod";
import type { Blobs } from "./blobs.ts";

export type NamedRelease = { digest: string; target: string; lengthBytes: number; release: Release };

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

/** Reads every release that `targets` names. Errors: REQUEST_INVALID (a blob is missing), RELEASE_INVALID. */
export async function readReleases(targets: Metadata<Targets>, blobs: Blobs): Promise<NamedRelease[]> {
  const releases: NamedRelease[] = [];
  for (const target of Object.values(targets.signed.targets)) {
    if (paperOf(target.path) === undefined) releases.push(await readRelease(target, blobs));
    // Papers are for people and their tools: kept and given out, and not read here.
    else await checkBlob(blobs, digestOf(target), target.length, target.path);
  }
  return releases;
}

const maxReleaseBytes = 4 * 1024 * 1024;

function digestOf(target: TargetFile): string {
  const digest = target.hashes["sha256"] ?? "";
  if (/^[0-9a-f]{64}$/.test(digest) && target.length <= maxReleaseBytes) return digest;
  throw new BulkheadError("RELEASE_METADATA_INVALID", `target ${target.path} has no SHA-256 or is too long`);
}

async function readRelease(target: TargetFile, blobs: Blobs): Promise<NamedRelease> {
  const digest = digestOf(target);
  await checkBlob(blobs, digest, target.length, `release ${target.path}`);
  const release = parseRelease(target.path, Buffer.concat(await blobs.read(digest).toArray()).toString());
  if (releaseTargetName(release) !== target.path) {
    throw new BulkheadError("RELEASE_INVALID", `target ${target.path} holds ${releaseTargetName(release)}`);
  }
  for (const artifact of [...release.artifacts, ...blobsOf(release.baseSystem)]) {
    await checkBlob(blobs, artifact.digest, artifact.length, `an artifact of ${target.path}`);
  }
  return { digest, target: target.path, lengthBytes: target.length, release };
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

async function checkBlob(blobs: Blobs, digest: string, length: number, what: string): Promise<void> {
  const stored = await blobs.lengthOf(digest);
  if (stored === length) return;
  const problem = stored === undefined ? "is not here" : `has ${stored} bytes here, not ${length}`;
  throw new BulkheadError("REQUEST_INVALID", `blob ${digest}, ${what}, ${problem}`, {
    remedy: `PUT /api/v1/blobs/${digest} first`,
  });
}
