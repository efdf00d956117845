/**
 * What waits to be written to one socket. Messages that are made while a chunk is read, or after the first of a tick,
 * leave together: one write costs as much as many messages.
 */
import type { Socket } from "node:net";
import type { Encoded } from "../message-pack/encode.ts";
import { type Slab, settle } from "../message-pack/slabs.ts";

export type Outbox = {
  add(message: Encoded): void;
  /** Bytes in memory: of a write, all until its last has reached the kernel. */
  queuedBytes(): number;
  /** Another number after each byte that reaches the kernel, be it of a write that has not ended. */
  unsentBytes(): number;
  /** Runs `action`; what it adds leaves in one write after it. */
  together(action: () => void): void;
  /** The socket has taken bytes, or has gone: their memory may be used again. */
  settleWritten(): void;
};

/** Messages that lie one behind the other. */
type Piece = { readonly slab: Slab; readonly start: number; end: number; messages: number };
/** What was given to the socket, and how much in all with it. */
type Given = { readonly slab: Slab; readonly messages: number; readonly untilBytes: number };

/** `onTaken`: a flush is over of which the socket will tell no more, for it had room for all of it. */
export function createOutbox(socket: Socket, onTaken: () => void): Outbox {
  let pieces: Piece[] = [];
  let pieceBytes = 0;
  let isTogether = false;
  let sentThisTick = false;
  let givenBytes = 0;
  let given: Given[] = [];

  function write({ slab, start, end, messages }: Piece): void {
    givenBytes += end - start;
    socket.write(slab.bytes.subarray(start, end));
    if (socket.writableLength === 0 && given.length === 0) settleAll(slab, messages);
    else given.push({ slab, messages, untilBytes: givenBytes });
  }

  function flush(): void {
    const written = pieces;
    pieces = [];
    pieceBytes = 0;
    if (socket.destroyed) {
      for (const { slab, messages } of written) settleAll(slab, messages);
      return;
    }
    if (written.length > 1) socket.cork();
    for (const piece of written) write(piece);
    if (written.length > 1) socket.uncork();
    if (given.length > 0) settleWritten();
    // Who found the connection full while this lay here waits to be told, and "drain" comes of a full socket alone.
    if (!socket.writableNeedDrain) onTaken();
  }

  function endTick(): void {
    sentThisTick = false;
    if (pieces.length > 0 && !isTogether) flush();
  }

  function settleWritten(): void {
    const goneBytes = socket.destroyed ? givenBytes : givenBytes - socket.writableLength;
    const left = given.findIndex(({ untilBytes }) => untilBytes > goneBytes);
    const gone = left < 0 ? given : given.slice(0, left);
    given = left < 0 ? [] : given.slice(left);
    for (const { slab, messages } of gone) settleAll(slab, messages);
  }

  return {
    add({ slab, start, end }) {
      // The first message of a tick leaves at once, for a single call should not wait.
      if (!isTogether && !sentThisTick) {
        sentThisTick = true;
        process.nextTick(endTick);
        if (given.length > 0) settleWritten();
        write({ slab, start, end, messages: 1 });
        return;
      }
      pieceBytes += end - start;
      const last = pieces.at(-1);
      if (last?.slab === slab && last.end === start) {
        last.end = end;
        last.messages++;
      } else pieces.push({ slab, start, end, messages: 1 });
    },
    queuedBytes: () => socket.writableLength + pieceBytes,
    unsentBytes: () => socket.writableLength + pieceBytes + restOfWrite(socket),
    together(action) {
      isTogether = true;
      try {
        action();
      } finally {
        isTogether = false;
        if (pieces.length > 0) flush();
      }
    },
    settleWritten,
  };
}

/**
 * What the kernel has not taken of the write that is under way, which may have megabytes: Node tells of its end alone. Its
 * own `setTimeout` of sockets looks there, too; where a Node has no such number, only whole writes are seen.
 */
function restOfWrite(socket: Socket): number {
  const { _handle: handle } = socket as { _handle?: { writeQueueSize?: unknown } | null };
  return typeof handle?.writeQueueSize === "number" ? handle.writeQueueSize : 0;
}

function settleAll(slab: Slab, messages: number): void {
  for (let i = 0; i < messages; i++) settle(slab);
}
