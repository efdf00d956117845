/** Bytes on demand from a stream of chunks. Holds at most one chunk. */
import { BulkheadError } from "../errors.ts";

export type ByteReader = {
  /** The next piece, at least one byte and at most `limitBytes`; throws RELEASE_INVALID where the stream ends. */
  some(limitBytes: number): Promise<Buffer>;
  /** Exactly `sizeBytes` bytes; keep it small, they are held in memory. */
  exactly(sizeBytes: number): Promise<Buffer>;
  /** Length of all that was read; throws RELEASE_INVALID when anything is left. */
  finish(): Promise<number>;
  /** Lets go of the source, whether it was read to its end or not. */
  close(): Promise<void>;
};

/** Reads from `source`; `maxBytes` bounds the whole of it. `onRead` sees each piece as it is given out. */
export function byteReader(
  source: AsyncIterable<Uint8Array>,
  maxBytes: number,
  onRead: (piece: Buffer) => void = () => undefined,
): ByteReader {
  const chunks = source[Symbol.asyncIterator]();
  let rest: Buffer = Buffer.alloc(0);
  let length = 0;

  // False at the end of the stream.
  async function fill(): Promise<boolean> {
    while (rest.length === 0) {
      const next = await chunks.next();
      if (next.done) return false;
      rest = Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength);
    }
    return true;
  }

  async function some(limitBytes: number): Promise<Buffer> {
    if (!(await fill())) throw new BulkheadError("RELEASE_INVALID", `the archive ends after ${length} bytes`);
    const piece = rest.subarray(0, limitBytes);
    rest = rest.subarray(piece.length);
    length += piece.length;
    if (length > maxBytes) throw new BulkheadError("RELEASE_INVALID", `the archive is larger than ${maxBytes} bytes`);
    onRead(piece);
    return piece;
  }

  async function exactly(sizeBytes: number): Promise<Buffer> {
    const pieces: Buffer[] = [];
    for (let missing = sizeBytes; missing > 0; ) {
      const piece = await some(missing);
      pieces.push(piece);
      missing -= piece.length;
    }
    return Buffer.concat(pieces);
  }

  async function finish(): Promise<number> {
    if (await fill())
      throw new BulkheadError("RELEASE_INVALID", `the archive goes on after its end at ${length} bytes`);
    return length;
  }

  async function close(): Promise<void> {
    await chunks.return?.();
  }

  return { some, exactly, finish, close };
}

export function isZero(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0);
}
