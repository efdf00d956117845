/** Reading what is encrypted, for who has the key of the deployment: releases and papers as they lie in a repository. */
import {
  BulkheadError,
  type Envelope,
  type KeyPair,
  maxReleaseBytes,
  parseContent,
  parseEnvelope,
  parseReleaseText,
  type Release,
  sha256,
} from "@bulkhead/protocol";
import { type Unwrap, unsealWhole, unwrapFileKey } from "@bulkhead/runtime";
import { type KeyRing, keysOf, openPair } from "../keys/key-ring.ts";
import { armorBegin, armorEnd } from "./release.ts";

const maxPaperBytes = 8 * 1024 * 1024;

/** Opens by the deployment keys of a ring, each of which is opened when it is needed first. Without a ring, by none. */
export function opener(ring: KeyRing | undefined): Unwrap {
  const pairs = new Map<string, Promise<KeyPair>>();
  return async (stanzas) => {
    for (const key of ring === undefined ? [] : keysOf(ring, "deployment")) {
      const opened = pairs.get(key.file) ?? openPair(key, (ring as KeyRing).passphrases);
      pairs.set(key.file, opened);
      const pair = await opened;
      const found = stanzas.flatMap((stanza) => unwrapFileKey(stanza, pair) ?? [])[0];
      if (found !== undefined) return found;
    }
    return undefined;
  };
}

export type OpenRelease = { readonly release: Release; readonly text: string; readonly envelope: Envelope };

/** The release in an envelope. Throws RELEASE_INVALID, RELEASE_ARTIFACT_ALTERED, SEALED_FOR_OTHERS, SEALED_INVALID. */
export async function openRelease(envelopeText: string, unwrap: Unwrap, where: string): Promise<OpenRelease> {
  const envelope = parseEnvelope(envelopeText, where);
  const opened = await unsealWhole(Buffer.from(envelope.content, "base64"), unwrap, 2 * maxReleaseBytes);
  const { release: text } = parseContent(opened.toString("utf8"), envelope, where);
  if (sha256(text) === envelope.release) return { release: parseReleaseText(text, where), text, envelope };
  throw new BulkheadError("RELEASE_ARTIFACT_ALTERED", `what is in ${where} is not what its envelope names`);
}

/** The paper in an age file as text. Throws SEALED_FOR_OTHERS, SEALED_INVALID. */
export async function openPaper(armored: string, unwrap: Unwrap): Promise<string> {
  const [first, ...lines] = armored.trimEnd().split("\n");
  if (first !== armorBegin || lines.pop() !== armorEnd) {
    throw new BulkheadError("SEALED_INVALID", "the paper is not encrypted as releases' papers are");
  }
  return (await unsealWhole(Buffer.from(lines.join(""), "base64"), unwrap, maxPaperBytes)).toString("utf8");
}
