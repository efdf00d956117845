/**
 * What waits to be written to one socket. Messages that are made while a chunk is read, or after the first of a tick,
 * leave together: one write costs as much as many messages.
 */
import type { Socket } from "node:net";
import { release } from "../message-pack/encode.ts";

export type Outbox = {
  add(frame: Buffer): void;
  /** Bytes that have not reached the kernel. */
  queuedBytes(): number;
  /** Runs `action`; what it adds leaves in one write after it. */
  together(action: () => void): void;
};

export function createOutbox(socket: Socket): Outbox {
  let pieces: Buffer[] = [];
  let pieceBytes = 0;
  let isTogether = false;
  let sentThisTick = false;

  function write(bytes: Buffer): void {
    socket.write(bytes);
    if (socket.writableLength === 0) release(bytes);
  }

  function flush(): void {
    const [only, ...others] = pieces;
    pieces = [];
    pieceBytes = 0;
    if (!only || socket.destroyed) return;
    if (others.length === 0) {
      write(only);
      return;
    }
    socket.cork();
    for (const piece of [only, ...others]) socket.write(piece);
    socket.uncork();
  }

  function endTick(): void {
    sentThisTick = false;
    if (pieces.length > 0 && !isTogether) flush();
  }

  return {
    add(frame) {
      // The first message of a tick leaves at once, for a single call should not wait.
      if (!isTogether && !sentThisTick) {
        sentThisTick = true;
        process.nextTick(endTick);
        write(frame);
        return;
      }
      pieceBytes += frame.length;
      const last = pieces.at(-1);
      if (last && isBehind(last, frame)) pieces[pieces.length - 1] = joined(last, frame);
      else pieces.push(frame);
    },
    queuedBytes: () => socket.writableLength + pieceBytes,
    together(action) {
      isTogether = true;
      try {
        action();
      } finally {
        isTogether = false;
        if (pieces.length > 0) flush();
      }
    },
  };
}

// Messages that are encoded one after the other lie one behind the other.
function isBehind(last: Buffer, frame: Buffer): boolean {
  return frame.buffer === last.buffer && frame.byteOffset === last.byteOffset + last.length;
}

function joined(last: Buffer, frame: Buffer): Buffer {
  return Buffer.from(last.buffer as ArrayBuffer, last.byteOffset, last.length + frame.length);
}
