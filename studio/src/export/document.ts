/** Documents as they were signed, and the files that a release, or its envelope, names: no more of it is understood here than that. */
import {
  artifactSchema,
  BulkheadError,
  baseSystemSchema,
  blobsOf,
  envelopeSchema,
  isEnvelope,
  maxReleaseBytes,
  sha256,
} from "@bulkhead/protocol";
import { z } from "zod";
import type { StudioClient } from "../api/client.ts";

const namesSchema = z.object({ artifacts: z.array(artifactSchema), baseSystem: baseSystemSchema.optional() });

export type Blob = { readonly digest: string; readonly length: number };
/** What a release names; `base`: the digest of its base system, where it brings one, which a device has whole or not at all. */
export type Named = {
  readonly artifacts: readonly Blob[];
  readonly base: string | undefined;
  readonly ofBase: readonly Blob[];
};

/** Throws NOT_FOUND, RELEASE_ARTIFACT_ALTERED. */
export async function readDocument(client: Pick<StudioClient, "downloadBlob">, digest: string): Promise<string> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of await client.downloadBlob(digest)) {
    length += piece.length;
    if (length > maxReleaseBytes) break;
    pieces.push(piece);
  }
  const text = Buffer.concat(pieces).toString("utf8");
  if (sha256(text) === digest) return text;
  throw new BulkheadError("RELEASE_ARTIFACT_ALTERED", `the document ${digest} is not what was signed`, {
    remedy: "upload the release again",
  });
}

/**
 * Of an encrypted release its envelope names the files, and which of them are of a base system nobody sees. Throws RELEASE_INVALID.
 */
export function namedBy(document: string, name: string): Named {
  try {
    const read: unknown = JSON.parse(document);
    if (isEnvelope(read)) return { artifacts: envelopeSchema.parse(read).blobs, base: undefined, ofBase: [] };
    const { artifacts, baseSystem } = namesSchema.parse(read);
    return { artifacts, base: baseSystem?.digest, ofBase: blobsOf(baseSystem) };
  } catch (cause) {
    throw new BulkheadError("RELEASE_INVALID", `${name} does not say which artifacts it has`, { cause });
  }
}

/** What of `wanted` a device lacks that has `there`, each once; all of it, where nothing is known to be there. */
export function lacking(wanted: Named, there: readonly Named[]): Blob[] {
  const has = new Set(there.flatMap(({ artifacts }) => artifacts.map(({ digest }) => digest)));
  const ofBase = there.some(({ base }) => base === wanted.base) ? [] : wanted.ofBase;
  const blobs = [...wanted.artifacts.filter(({ digest }) => !has.has(digest)), ...ofBase];
  return [...new Map(blobs.map((one) => [one.digest, one])).values()];
}
