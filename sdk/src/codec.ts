/**
 * The bytes of a channel and of the control channel: a length of four bytes, big endian, and one MessagePack message.
 * Knows nothing of what the messages mean.
 */
import { BulkheadError, maxFrameBytes } from "@bulkhead/protocol";
import { Decoder, Encoder } from "@msgpack/msgpack";
import { isSafeMessage } from "./message-check.ts";

const headerBytes = 4;
// An undefined member is an absent one, as in JSON.
const encoder = new Encoder({ ignoreUndefined: true });
const decoder = new Decoder();

/**
 * One frame: the length of `message` and its MessagePack form.
 *
 * @throws BulkheadError IPC_FRAME_TOO_LARGE above `maxBytes`, IPC_FRAME_INVALID for what MessagePack cannot hold
 * (functions, big integers, circles).
 */
export function encodeFrame(message: unknown, maxBytes: number = maxFrameBytes): Buffer {
  const body = encodeBody(message);
  if (body.length > maxBytes) throw tooLarge(body.length, maxBytes);
  const frame = Buffer.allocUnsafe(headerBytes + body.length);
  frame.writeUInt32BE(body.length, 0);
  frame.set(body, headerBytes);
  return frame;
}

function encodeBody(message: unknown): Uint8Array {
  try {
    return encoder.encodeSharedRef(message);
  } catch (cause) {
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
  onMessage: (message: unknown) => void,
  maxBytes: number = maxFrameBytes,
): FrameReader {
  const header = Buffer.alloc(headerBytes);
  let headerFilled = 0;
  let body: Uint8Array | undefined;
  let bodyFilled = 0;

  /** Continues the frame that an earlier chunk began; returns how many bytes it took. */
  function fill(chunk: Uint8Array, offset: number): number {
    if (!body) {
      const part = chunk.subarray(offset, offset + headerBytes - headerFilled);
      header.set(part, headerFilled);
      headerFilled += part.length;
      if (headerFilled === headerBytes) body = new Uint8Array(checkLength(header.readUInt32BE(0), maxBytes));
      return part.length;
    }
    const part = chunk.subarray(offset, offset + body.length - bodyFilled);
    body.set(part, bodyFilled);
    bodyFilled += part.length;
    if (bodyFilled === body.length) {
      const whole = body;
      body = undefined;
      headerFilled = bodyFilled = 0;
      onMessage(decodeMessage(whole));
    }
    return part.length;
  }

  return {
    push(chunk) {
      let offset = 0;
      while (offset < chunk.length) {
        const start = offset + headerBytes;
        if (headerFilled > 0 || start > chunk.length) {
          offset += fill(chunk, offset);
          continue;
        }
        const end = start + checkLength(readLength(chunk, offset), maxBytes);
        if (end > chunk.length) offset += fill(chunk, offset);
        else {
          offset = end;
          onMessage(decodeMessage(chunk.subarray(start, end)));
        }
      }
    },
    isPartial: () => headerFilled > 0,
  };
}

function readLength(chunk: Uint8Array, offset: number): number {
  const [a = 0, b = 0, c = 0, d = 0] = [chunk[offset], chunk[offset + 1], chunk[offset + 2], chunk[offset + 3]];
  return a * 0x1000000 + b * 0x10000 + c * 0x100 + d;
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

function decodeMessage(bytes: Uint8Array): unknown {
  if (!isSafeMessage(bytes)) throw new BulkheadError("IPC_FRAME_INVALID", "a frame is not one MessagePack message");
  // A plain view, so that binary members come out as Uint8Array and not as Buffer.
  const view = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    return decoder.decode(view);
  } catch (cause) {
    throw new BulkheadError("IPC_FRAME_INVALID", `a frame cannot be decoded: ${(cause as Error).message}`, { cause });
  }
}
