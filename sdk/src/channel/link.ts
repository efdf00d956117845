/**
 * One connected end of a channel: messages in, messages out, every bound that keeps a bad or slow peer to itself.
 * It knows nothing of interfaces.
 */
import type { Socket } from "node:net";
import { BulkheadError, type Frame } from "@bulkhead/protocol";
import { createFrameReader, encodeFrame } from "../codec.ts";
import { parseFrame } from "./message.ts";

export type LinkOptions = {
  /** What it throws closes the link. */
  onFrame(frame: Frame): void;
  /** Called once. `error` says what the peer did wrong; undefined where the connection simply ended. */
  onClose(error: BulkheadError | undefined): void;
  /** A frame that has begun must end within this time. Default 5000. */
  halfFrameMs?: number;
};

export type Link = {
  /** Sends one message, or queues it where the peer is slow. Throws IPC_FRAME_TOO_LARGE or IPC_FRAME_INVALID. */
  send(message: Frame): void;
  /** Bytes that the peer has not taken yet. */
  queuedBytes(): number;
  /** Reads nothing more until all that is queued has left. */
  pause(): void;
  /** Ends the link after what is queued has left, or after `withinMs`. */
  end(withinMs?: number): void;
  /** Ends it now; `error` goes to `onClose`. */
  destroy(error?: BulkheadError): void;
};

const defaultHalfFrameMs = 5_000;
/** Takes over a connected socket. */
export function openLink(socket: Socket, options: LinkOptions): Link {
  const halfFrameMs = options.halfFrameMs ?? defaultHalfFrameMs;
  let closed = false;
  let failure: BulkheadError | undefined;
  let sentThisTick = false;
  let corked = false;
  let halfFrame: NodeJS.Timeout | undefined;

  function destroy(error?: BulkheadError): void {
    failure ??= error;
    socket.destroy();
  }

  // The first message of a tick leaves at once, for a single call should not wait; the others follow in one write.
  function write(frame: Buffer): void {
    if (!sentThisTick) {
      sentThisTick = true;
      process.nextTick(endTick);
    } else if (!corked) {
      corked = true;
      socket.cork();
    }
    socket.write(frame);
  }

  function endTick(): void {
    sentThisTick = false;
    if (!corked) return;
    corked = false;
    socket.uncork();
  }

  /** Armed from the first byte of a frame to its last; a pause that we made ourselves does not count. */
  function watchHalfFrame(): void {
    clearTimeout(halfFrame);
    halfFrame = undefined;
    if (closed || !reader.isPartial() || socket.isPaused()) return;
    halfFrame = setTimeout(() => {
      destroy(new BulkheadError("IPC_FRAME_INVALID", `a frame did not end within ${halfFrameMs} ms`));
    }, halfFrameMs);
  }

  let framesSeen = 0;
  const reader = createFrameReader((message) => {
    framesSeen++;
    if (!socket.destroyed) options.onFrame(parseFrame(message));
  });

  socket.on("data", (chunk: Buffer) => {
    const wasPartial = reader.isPartial();
    const before = framesSeen;
    try {
      reader.push(chunk);
    } catch (error) {
      destroy(
        error instanceof BulkheadError
          ? error
          : new BulkheadError("INTERNAL", "a frame broke its reader", { cause: error }),
      );
      return;
    }
    // A frame that drips in keeps the timer of its first byte.
    if (reader.isPartial() !== wasPartial || framesSeen !== before) watchHalfFrame();
  });
  socket.on("drain", () => {
    socket.resume();
    watchHalfFrame();
  });
  socket.on("error", () => {}); // "close" follows and tells.
  socket.on("close", () => {
    closed = true;
    clearTimeout(halfFrame);
    options.onClose(failure);
  });

  return {
    send(message) {
      if (closed || socket.destroyed) return;
      write(encodeFrame(message));
    },
    queuedBytes: () => socket.writableLength,
    pause() {
      socket.pause();
      watchHalfFrame();
    },
    end(withinMs = 1_000) {
      socket.end();
      const timer = setTimeout(() => socket.destroy(), withinMs);
      socket.once("close", () => clearTimeout(timer));
    },
    destroy,
  };
}
