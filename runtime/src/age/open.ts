/**
 * Reads an age file (age-encryption.org/v1) as it comes, piece by piece: what is given on was authenticated, and its end as well. Written
 * here over node:crypto, and held to the library that writes them (`studio/src/seal/seal.test.ts`): decision 60 has the figures.
 */
import { createDecipheriv, hkdfSync } from "node:crypto";
import { forOthers } from "./for-others.ts";
import { checkHeader, damaged, type Header, maxHeaderBytes, parseHeader, type Stanza } from "./header.ts";
import { fileKeyBytes } from "./x25519.ts";

const nonceBytes = 16;
const tagBytes = 16;
/** Of plaintext; each is sealed by itself. */
const chunkBytes = 64 * 1024 + tagBytes;

/** Answers with the key that a file is encrypted under, if one of its stanzas is for somebody here. */
export type Unwrap = (stanzas: readonly Stanza[]) => Promise<Uint8Array | undefined> | Uint8Array | undefined;

/** The plaintext of `source`. Throws SEALED_FOR_OTHERS, and SEALED_INVALID for what was altered, cut off, or is longer than it was. */
export async function* openAge(source: AsyncIterable<Uint8Array>, unwrap: Unwrap): AsyncGenerator<Buffer> {
  const chunks = source[Symbol.asyncIterator]();
  const { header, rest } = await readHeader(chunks);
  const fileKey = await unwrap(header.stanzas);
  if (fileKey === undefined) throw forOthers("what is encrypted is for none of the keys that are here");
  if (fileKey.length !== fileKeyBytes) throw damaged("its key has another length");
  checkHeader(header, fileKey);
  yield* openPayload({ [Symbol.asyncIterator]: () => chunks }, rest, fileKey);
}

async function readHeader(chunks: AsyncIterator<Uint8Array>): Promise<{ header: Header; rest: Buffer }> {
  let read: Buffer = Buffer.alloc(0);
  for (;;) {
    const header = parseHeader(read);
    const end = (header?.length ?? 0) + nonceBytes;
    if (header !== undefined && read.length >= end) return { header, rest: read.subarray(header.length) };
    const next = await chunks.next();
    if (next.done === true) throw damaged("it ends in its header");
    read = Buffer.concat([read, next.value]);
    // A piece may be long; what comes before the header's end may not.
    if (parseHeader(read.subarray(0, maxHeaderBytes + 1)) === undefined && read.length > maxHeaderBytes) {
      throw damaged("its header is too long");
    }
  }
}

/** The STREAM construction: a counter in each nonce, and a mark in the last, so that nothing can be moved, left out or added. */
async function* openPayload(
  source: AsyncIterable<Uint8Array>,
  begun: Buffer,
  fileKey: Uint8Array,
): AsyncGenerator<Buffer> {
  const nonce = begun.subarray(0, nonceBytes);
  const key = new Uint8Array(hkdfSync("sha256", fileKey, nonce, "payload", 32));
  let counter = 0;
  let held = begun.subarray(nonceBytes);
  // The last one is known by what comes after it: nothing. So one is held back.
  const openFull = function* () {
    for (; held.length > chunkBytes; held = held.subarray(chunkBytes)) {
      yield openChunk(key, counter++, false, held.subarray(0, chunkBytes));
    }
  };
  yield* openFull();
  for await (const piece of source) {
    held = Buffer.concat([held, piece]);
    yield* openFull();
  }
  const last = openChunk(key, counter, true, held);
  if (last.length === 0 && counter > 0) throw damaged("its last part is empty");
  yield last;
}

function openChunk(key: Uint8Array, counter: number, isLast: boolean, sealed: Buffer): Buffer {
  if (sealed.length < tagBytes) throw damaged("it ends too early");
  const nonce = Buffer.alloc(12);
  // Eleven bytes in all; a file whose count needed more than these six would have 2^64 bytes.
  nonce.writeUIntBE(counter, 5, 6);
  nonce[11] = isLast ? 1 : 0;
  const decipher = createDecipheriv("chacha20-poly1305", key, nonce, { authTagLength: tagBytes });
  decipher.setAuthTag(sealed.subarray(-tagBytes));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(0, -tagBytes)), decipher.final()]);
  } catch (cause) {
    throw damaged(isLast ? "it was altered, or ends too early" : "it was altered", cause);
  }
}
