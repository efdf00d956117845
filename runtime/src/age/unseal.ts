/** An age file around what was compressed by brotli, as releases have it: opened, made whole, and never longer than was said. */
import { pipeline } from "node:stream";
import { createBrotliDecompress } from "node:zlib";
import { BulkheadError } from "@bulkhead/protocol";
import { damaged } from "./header.ts";
import { openAge, type Unwrap } from "./open.ts";

/** What is in `source`. Throws SEALED_FOR_OTHERS, and SEALED_INVALID, also for more than `maxBytes`. */
export async function* unseal(
  source: AsyncIterable<Uint8Array>,
  unwrap: Unwrap,
  maxBytes: number,
): AsyncGenerator<Buffer> {
  let length = 0;
  try {
    const whole = pipeline(openAge(source, unwrap), createBrotliDecompress(), () => undefined);
    for await (const piece of whole as AsyncIterable<Buffer>) {
      length += piece.length;
      if (length > maxBytes) throw damaged(`it holds more than ${maxBytes} bytes`);
      yield piece;
    }
  } catch (cause) {
    throw cause instanceof BulkheadError ? cause : damaged("what is in it is not compressed as it should be", cause);
  }
}

/** The whole of it. Throws as unseal does. */
export async function unsealWhole(sealed: Uint8Array, unwrap: Unwrap, maxBytes: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of unseal(once(sealed), unwrap, maxBytes)) pieces.push(piece);
  return Buffer.concat(pieces);
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
