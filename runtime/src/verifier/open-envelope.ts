/**
 * An encrypted release becomes a release: the envelope is what was signed, the content opens by a key of this device's deployment, and what
 * comes out has the digest that was signed. The verifier never has that key; the key store answers with those of single files.
 */
import {
  BulkheadError,
  checkEnvelope,
  maxReleaseBytes,
  parseContent,
  parseEnvelope,
  releaseTargetName,
  sha256,
} from "@bulkhead/protocol";
import { type Unwrap, unsealWhole } from "../age/index.ts";
import { type Asked, checkBytes, parseRelease } from "./judge.ts";
import type { SignedTarget } from "./metadata.ts";

/** By the digest of an artifact, the encrypted file that it is in: as it is fetched and staged. */
export type Stored = ReadonlyMap<string, { readonly digest: string; readonly length: number }>;

/** Beside the release its content names the files that it is in. */
const maxContentBytes = 2 * maxReleaseBytes;

/** Answers the release's bytes, and what is signed of them. Throws RELEASE_INVALID, RELEASE_ARTIFACT_ALTERED, SEALED_FOR_OTHERS, SEALED_INVALID. */
export async function openEnvelope(
  bytes: Buffer,
  asked: Asked,
  signed: SignedTarget & { readonly opensTo: string },
  unwrap: Unwrap,
): Promise<{ content: Buffer; signed: SignedTarget; stored: Stored }> {
  checkBytes(bytes, asked.target, signed);
  const envelope = parseEnvelope(bytes.toString("utf8"), asked.target);
  if (releaseTargetName(envelope) !== asked.target || envelope.release !== signed.opensTo) {
    throw new BulkheadError("RELEASE_INVALID", `${asked.target} holds the envelope of ${releaseTargetName(envelope)}`);
  }
  const text = await unsealWhole(Buffer.from(envelope.content, "base64"), unwrap, maxContentBytes);
  const content = parseContent(text.toString("utf8"), envelope, `what is in ${asked.target}`);
  const release = Buffer.from(content.release);
  if (sha256(release) !== signed.opensTo) {
    throw new BulkheadError("RELEASE_ARTIFACT_ALTERED", `what is in ${asked.target} does not have the signed digest`, {
      remedy: "sign the release anew: it was not encrypted as it was built",
    });
  }
  checkEnvelope(envelope, parseRelease(release, asked.target));
  const blobs = new Map(envelope.blobs.map((blob) => [blob.digest, blob]));
  const stored = Object.entries(content.sealed).flatMap(([digest, sealed]) => {
    const blob = blobs.get(sealed);
    return blob === undefined ? [] : [[digest, blob] as const];
  });
  const opened = { ...signed, lengthBytes: release.length, sha256: signed.opensTo };
  return { content: release, signed: opened, stored: new Map(stored) };
}
