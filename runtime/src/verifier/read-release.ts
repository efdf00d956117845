/** The staged bytes of a release, as they were signed: readable, or an envelope that opens by a key of this device's deployment. */
import { BulkheadError, parseReleaseText, type Release, sha256 } from "@bulkhead/protocol";
import { openRelease, type Unwrap } from "../age/index.ts";
import type { SignedTarget } from "./metadata.ts";

/** By the digest of an artifact, the encrypted file that it is in: as it is fetched and staged. */
export type Stored = ReadonlyMap<string, { readonly digest: string; readonly length: number }>;

export type ReadRelease = { readonly release: Release; readonly stored: Stored };

/**
 * Reads what is signed as `target`. The verifier never has the key that opens it; the key store answers with those of single files. Throws
 * RELEASE_INVALID, RELEASE_ARTIFACT_ALTERED, SEALED_FOR_OTHERS, SEALED_INVALID.
 */
export async function readRelease(
  bytes: Buffer,
  target: string,
  signed: SignedTarget,
  unwrap: Unwrap,
): Promise<ReadRelease> {
  checkBytes(bytes, target, signed);
  const text = bytes.toString("utf8");
  const { opensTo } = signed;
  if (opensTo === undefined) return { release: parseReleaseText(text, target), stored: new Map() };
  const { envelope, release, sealed } = await openRelease(text, { target, opensTo }, unwrap);
  const blobs = new Map(envelope.blobs.map((blob) => [blob.digest, blob]));
  const stored = Object.entries(sealed).flatMap(([digest, file]) => {
    const blob = blobs.get(file);
    return blob === undefined ? [] : [[digest, blob] as const];
  });
  return { release, stored: new Map(stored) };
}

function checkBytes(content: Buffer, target: string, signed: SignedTarget): void {
  if (content.length === signed.lengthBytes && sha256(content) === signed.sha256) return;
  throw new BulkheadError("RELEASE_ARTIFACT_ALTERED", `the staged ${target} does not have the signed digest`, {
    remedy: "fetch it again; if it happens again, the management service serves altered files",
  });
}
