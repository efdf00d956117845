/** Reading what is encrypted, for who has the key of the deployment: the keys of a ring, and papers as they lie in a repository. */
import { BulkheadError, type KeyPair } from "@bulkhead/protocol";
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

/** The paper in an age file as text. Throws SEALED_FOR_OTHERS, SEALED_INVALID. */
export async function openPaper(armored: string, unwrap: Unwrap): Promise<string> {
  const [first, ...lines] = armored.trimEnd().split("\n");
  if (first !== armorBegin || lines.pop() !== armorEnd) {
    throw new BulkheadError("SEALED_INVALID", "the paper is not encrypted as releases' papers are");
  }
  return (await unsealWhole(Buffer.from(lines.join(""), "base64"), unwrap, maxPaperBytes)).toString("utf8");
}
