/**
 * An encrypted release becomes a release: the envelope is what was signed, its content opens by the key of a deployment, and what comes out
 * has the digest that was signed. One function, for the verifier that believes nobody and for the people who look at what they sign.
 */
import {
  BulkheadError,
  checkEnvelope,
  type Envelope,
  type EnvelopeContent,
  maxReleaseBytes,
  parseContent,
  parseEnvelope,
  parseReleaseText,
  type Release,
  releaseTargetName,
  sha256,
} from "@bulkhead/protocol";
import { forOthers, isForOthers } from "./for-others.ts";
import type { Unwrap } from "./open.ts";
import { unsealWhole } from "./unseal.ts";

/** Beside the release its content names the files that it is in. */
const maxContentBytes = 2 * maxReleaseBytes;
const shownRecipients = 4;

/** What the targets say of it: its name among them, and the digest of the release itself. */
export type SignedEnvelope = { readonly target: string; readonly opensTo: string };

export type OpenedRelease = Pick<EnvelopeContent, "sealed"> & {
  readonly envelope: Envelope;
  readonly release: Release;
  /** The release's own text, which has the signed digest. */
  readonly text: string;
};

/** Throws RELEASE_INVALID, RELEASE_ARTIFACT_ALTERED, SEALED_FOR_OTHERS, SEALED_INVALID. */
export async function openRelease(
  envelopeText: string,
  { target, opensTo }: SignedEnvelope,
  unwrap: Unwrap,
): Promise<OpenedRelease> {
  const envelope = parseEnvelope(envelopeText, target);
  if (releaseTargetName(envelope) !== target || envelope.release !== opensTo) {
    throw new BulkheadError("RELEASE_INVALID", `${target} holds the envelope of ${releaseTargetName(envelope)}`);
  }
  const content = await openContent(envelope, target, unwrap);
  const { release: text, sealed } = parseContent(content.toString("utf8"), envelope, `what is in ${target}`);
  if (sha256(text) !== opensTo) {
    throw new BulkheadError("RELEASE_ARTIFACT_ALTERED", `what is in ${target} does not have the signed digest`, {
      remedy: "sign the release anew: it was not encrypted as it was built",
    });
  }
  const release = parseReleaseText(text, target);
  checkEnvelope(envelope, release);
  return { envelope, release, text, sealed };
}

async function openContent(envelope: Envelope, target: string, unwrap: Unwrap): Promise<Buffer> {
  try {
    return await unsealWhole(Buffer.from(envelope.content, "base64"), unwrap, maxContentBytes);
  } catch (error) {
    if (!isForOthers(error)) throw error;
    throw forOthers(`${target} is encrypted for ${listOf(envelope)}, and no key that is here opens it`, error);
  }
}

/** A device's answer is cut at a thousand characters, and the way out comes behind this. */
function listOf({ recipients }: Envelope): string {
  const more = recipients.length - shownRecipients;
  return [...recipients.slice(0, shownRecipients), ...(more > 0 ? [`${more} more`] : [])].join(", ");
}
