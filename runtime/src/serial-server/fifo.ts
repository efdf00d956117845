/**
 * Reads one FIFO for as long as it exists. The root server keeps each open for writing, so its end means only that
 * the runtime is going down or that the FIFO was made anew; it is opened again then.
 */
import { closeSync, constants, fstatSync, openSync } from "node:fs";
import { Socket } from "node:net";
import { BulkheadError } from "@bulkhead/protocol";

export type Fifo = {
  /** Stands still: what is written meanwhile waits in the pipe, and then its writer does. */
  pause: () => void;
  resume: () => void;
  close: () => void;
};
type FifoEvents = { onChunk: (chunk: Uint8Array) => void; onEnd: () => void };

/**
 * Opens a FIFO and hands over what is read from it. Throws FILE_UNREADABLE where there is no FIFO.
 */
export function openFifo(path: string, events: FifoEvents): Fifo {
  // The socket owns the descriptor from here on; two owners would close it twice.
  const socket = new Socket({ fd: openDescriptor(path), readable: true, writable: false });
  socket.on("data", (chunk: Uint8Array) => events.onChunk(chunk));
  let isOver = false;
  function finish(): void {
    if (isOver) return;
    isOver = true;
    socket.destroy();
    events.onEnd();
  }
  socket.on("end", finish).on("error", finish).on("close", finish);
  return {
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    close() {
      isOver = true;
      socket.destroy();
    },
  };
}

function openDescriptor(path: string): number {
  try {
    // O_NONBLOCK: opening does not wait for a writer (fifo(7)).
    const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    if (fstatSync(descriptor).isFIFO()) return descriptor;
    closeSync(descriptor);
  } catch (cause) {
    throw new BulkheadError("FILE_UNREADABLE", `the log FIFO ${path} cannot be opened`, { cause });
  }
  throw new BulkheadError("FILE_UNREADABLE", `${path} is not a FIFO`);
}
