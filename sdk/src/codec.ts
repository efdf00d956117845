/**
 * The bytes of a channel and of the control channel: a length of four bytes, big endian, and one MessagePack message.
 * Knows nothing of what the messages mean.
 */
import { BulkheadError, maxFrameBytes } from "@bulkhead/protocol";
import { decode } from "./message-pack/decode.ts";
import { type Encoded, encode, TooLarge } from "./message-pack/encode.ts";
import { settle } from "./message-pack/slabs.ts";

/** A length, in front of each message. */
export const headerBytes = 4;

/**
 * One frame: the length of `message` and its MessagePack form.
 *
 * @throws BulkheadError IPC_FRAME_TOO_LARGE above `maxBytes`, IPC_FRAME_INVALID for what MessagePack cannot hold
 * (functions, big integers, circles).
 */
export function encodeFrame(message: unknown, maxBytes: number = maxFrameBytes): Buffer {
  const { slab, start, end } = encodeShared(message, maxBytes);
  const frame = Buffer.from(slab.bytes.subarray(start, end));
  settle(slab);
  return frame;
}

/** The same in shared memory, without a copy: it stands there until `settle(slab)` is called for it. */
export function encodeShared(message: unknown, maxBytes: number = maxFrameBytes): Encoded {
  try {
    const encoded = encode(message, headerBytes, maxBytes);
    encoded.slab.bytes.writeUInt32BE(encoded.end - encoded.start - headerBytes, encoded.start);
    return encoded;
  } catch (cause) {
    if (cause instanceof TooLarge) throw tooLarge(cause.sizeBytes - headerBytes, maxBytes);
    throw new BulkheadError("IPC_FRAME_INVALID", `the message cannot be encoded: ${(cause as Error).message}`, {
      cause,
    });
  }
}

export type FrameReader = {
  /**
   * Takes the next bytes of the stream and hands on each message that they complete. After a throw the stream is lost:
   * there is no telling where the next frame starts.
   *
   * @throws BulkheadError IPC_FRAME_TOO_LARGE as soon as the length is read, before anything is kept; IPC_FRAME_INVALID
   */
  push(chunk: Uint8Array): void;
  /** True while a frame has begun and not ended. */
  isPartial(): boolean;
};

/**
 * A reader of frames. A frame that lies whole in one chunk is decoded where it is; only the one that spans chunks is
 * copied, once, into a buffer of its own length.
 */
export function createFrameReader(
  onMessage: (message: unknown, sizeBytes: number) => void,
  maxBytes: number = maxFrameBytes,
): FrameReader {
  const header = Buffer.alloc(headerBytes);
  let headerFilled = 0;
  let body: Buffer | undefined;
  let bodyFilled = 0;

  /** Continues the frame that an earlier chunk began; returns how many bytes it took. */
  function fill(chunk: Uint8Array, offset: number): number {
    if (!body) {
      const part = chunk.subarray(offset, offset + headerBytes - headerFilled);
      header.set(part, headerFilled);
      headerFilled += part.length;
      if (headerFilled === headerBytes) {
        body = Buffer.allocUnsafeSlow(checkLength(header.readUInt32BE(0), maxBytes));
      }
      return part.length;
    }
    const part = chunk.subarray(offset, offset + body.length - bodyFilled);
    body.set(part, bodyFilled);
    bodyFilled += part.length;
    if (bodyFilled === body.length) {
      const whole = body;
      body = undefined;
      headerFilled = bodyFilled = 0;
      onMessage(decodeMessage(whole, 0, whole.length, true), whole.length);
    }
    return part.length;
  }

  return {
    push(bytes) {
      const chunk = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
      let offset = 0;
      while (offset < chunk.length) {
        const start = offset + headerBytes;
        if (headerFilled > 0 || start > chunk.length) {
          offset += fill(chunk, offset);
          continue;
        }
        const end = start + checkLength(chunk.readUInt32BE(offset), maxBytes);
        if (end > chunk.length) offset += fill(chunk, offset);
        else {
          offset = end;
          onMessage(decodeMessage(chunk, start, end, false), end - start);
        }
      }
    },
    isPartial: () => headerFilled > 0,
  };
}

function checkLength(length: number, maxBytes: number): number {
  if (length > maxBytes) throw tooLarge(length, maxBytes);
  if (length === 0) throw new BulkheadError("IPC_FRAME_INVALID", "a frame is empty");
  return length;
}

function tooLarge(length: number, maxBytes: number): BulkheadError {
  return new BulkheadError("IPC_FRAME_TOO_LARGE", `a frame of ${length} bytes; at most ${maxBytes} are allowed`, {
    remedy: "send the data in several messages",
  });
}

function decodeMessage(bytes: Buffer, start: number, end: number, isOurs: boolean): unknown {
  try {
    return decode(bytes, start, end, isOurs);
  } catch (cause) {
    throw new BulkheadError("IPC_FRAME_INVALID", `a frame cannot be decoded: ${(cause as Error).message}`, { cause });
  }
}
