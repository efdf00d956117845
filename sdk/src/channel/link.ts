/**
 * One connected end of a channel: messages in, messages out, every bound that keeps a bad or slow peer to itself.
 * It knows nothing of interfaces.
 */
import { createConnection, type Socket } from "node:net";
import { BulkheadError, type Frame } from "@bulkhead/protocol";
import { createFrameReader, encodeShared, headerBytes } from "../codec.ts";
import { parseFrame } from "./message.ts";
import { createOutbox } from "./outbox.ts";

export type LinkOptions = {
  /** `sizeBytes` is the frame without its length. What it throws closes the link. */
  onFrame(frame: Frame, sizeBytes: number): void;
  /** Called once. `error` says what the peer did wrong; undefined where the connection simply ended. */
  onClose(error: BulkheadError | undefined): void;
  /** There is room again: what was queued has left, or the socket has taken it. */
  onDrain?(): void;
  /** A frame that has begun must end within this time. Default 5000. */
  halfFrameMs?: number;
};

export type Link = {
  /**
   * Sends one message, or queues it where the peer is slow; returns its size without the length in front. Throws
   * IPC_FRAME_TOO_LARGE or IPC_FRAME_INVALID.
   */
  send(message: Frame): number;
  /** Bytes that the peer has not taken yet. */
  queuedBytes(): number;
  /** Another number after whatever the peer takes, be it a part of a message. */
  unsentBytes(): number;
  /** Reads nothing more until all that is queued has left. */
  pause(): void;
  /** Reads nothing more until `resume`, whatever leaves meanwhile. */
  hold(): void;
  resume(): void;
  /** Ends the link after what is queued has left, or after `withinMs`. */
  end(withinMs?: number): void;
  /** Ends it now; `error` goes to `onClose`. */
  destroy(error?: BulkheadError): void;
};

const defaultHalfFrameMs = 5_000;
// The timers of a connection are below what a record holds: where a component is recorded, these are not.
const { setTimeout, clearTimeout } = globalThis;

/** Takes over a connected socket. */
export function openLink(socket: Socket, options: LinkOptions): Link {
  const { link, receive } = wireLink(socket, options);
  socket.on("data", receive);
  return link;
}

// Reading is synchronous, and what is kept of a chunk is copied: one buffer serves all connections of the process.
const readBytes = 64 * 1024;
let shared: Buffer | undefined;

/** Connects to a socket and reads it without the cost of a stream. */
export function connectLink(path: string, options: LinkOptions): Link {
  shared ??= Buffer.allocUnsafeSlow(readBytes);
  const buffer = shared;
  const socket: Socket = createConnection({
    path,
    onread: {
      buffer,
      callback(length) {
        receive(buffer.subarray(0, length));
        return true;
      },
    },
  });
  const { link, receive } = wireLink(socket, options);
  return link;
}

function wireLink(socket: Socket, options: LinkOptions): { link: Link; receive(chunk: Buffer): void } {
  const halfFrameMs = options.halfFrameMs ?? defaultHalfFrameMs;
  const outbox = createOutbox(socket, goOn);
  let closed = false;
  let isHeld = false;
  let failure: BulkheadError | undefined;
  let halfFrame: NodeJS.Timeout | undefined;
  let framesSeen = 0;

  function destroy(error?: BulkheadError): void {
    failure ??= error;
    socket.destroy();
  }

  /** There is room again for what waited, to be read and to be sent. */
  function goOn(): void {
    if (!isHeld && socket.isPaused()) {
      socket.resume();
      watchHalfFrame();
    }
    options.onDrain?.();
  }

  /** Armed from the first byte of a frame to its last; a pause that we made ourselves does not count. */
  function watchHalfFrame(): void {
    clearTimeout(halfFrame);
    halfFrame = undefined;
    if (closed || !reader.isPartial() || socket.isPaused()) return;
    // Twice, with a look at the socket between: a process that was busy for so long has not read yet what came in time.
    halfFrame = setTimeout(() => {
      halfFrame = setTimeout(() => {
        destroy(new BulkheadError("IPC_FRAME_INVALID", `a frame did not end within ${halfFrameMs} ms`));
      });
    }, halfFrameMs);
  }

  const reader = createFrameReader((message, sizeBytes) => {
    framesSeen++;
    if (!socket.destroyed) options.onFrame(parseFrame(message), sizeBytes);
  });

  let chunk: Buffer;
  const pushChunk = () => reader.push(chunk);
  function receive(received: Buffer): void {
    const wasPartial = reader.isPartial();
    const before = framesSeen;
    chunk = received;
    try {
      outbox.together(pushChunk);
    } catch (error) {
      destroy(
        error instanceof BulkheadError
          ? error
          : new BulkheadError("INTERNAL", "a frame broke its reader", { cause: error }),
      );
      return;
    }
    // A frame that drips in keeps the timer of its first byte.
    const isPartial = reader.isPartial();
    if (isPartial !== wasPartial || (isPartial && framesSeen !== before)) watchHalfFrame();
  }

  socket.on("drain", () => {
    outbox.settleWritten();
    goOn();
  });
  socket.on("error", () => {}); // "close" follows and tells.
  socket.on("close", () => {
    closed = true;
    outbox.settleWritten();
    clearTimeout(halfFrame);
    options.onClose(failure);
  });

  const link: Link = {
    send(message) {
      if (closed || socket.destroyed) return 0;
      const encoded = encodeShared(message);
      outbox.add(encoded);
      return encoded.end - encoded.start - headerBytes;
    },
    queuedBytes: outbox.queuedBytes,
    unsentBytes: outbox.unsentBytes,
    pause() {
      socket.pause();
      watchHalfFrame();
    },
    hold() {
      isHeld = true;
      socket.pause();
      watchHalfFrame();
    },
    resume() {
      isHeld = false;
      socket.resume();
      watchHalfFrame();
    },
    end(withinMs = 1_000) {
      socket.end();
      const timer = setTimeout(() => socket.destroy(), withinMs);
      socket.once("close", () => clearTimeout(timer));
    },
    destroy,
  };
  return { link, receive };
}
