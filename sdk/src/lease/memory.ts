/**
 * The shared memory of one channel, as a file that both ends have and whose file system is no larger than the lease. It
 * is read and written, never mapped: what a peer does to the file meanwhile (cut it off, write over it) makes a read
 * short or other, and nothing worse. What is read is a copy, so that it cannot change after it was checked.
 */
import { closeSync, openSync, readSync, writeSync } from "node:fs";
import { BulkheadError } from "@bulkhead/protocol";
import type { LeaseHandle } from "./handle.ts";

export type Memory = {
  /** A copy of `sizeBytes` (default: all) of the piece from `at` (default 0) on. Throws IPC_LEASE_INVALID. */
  read(piece: LeaseHandle, sizeBytes?: number, at?: number): Uint8Array;
  /** The same into memory that is used again, which bulk data at a high rate needs: fills `bytes`. */
  readInto(piece: LeaseHandle, bytes: Uint8Array, at?: number): void;
  /** Throws IPC_LEASE_INVALID where it does not fit into the piece, or the piece not into the lease. */
  write(piece: LeaseHandle, bytes: Uint8Array, at?: number): void;
  close(): void;
};

/** Opens the file when it is first needed. */
export function openMemory(path: string, leaseBytes: number): Memory {
  let file: number | undefined;

  function descriptor(): number {
    try {
      file ??= openSync(path, "r+");
      return file;
    } catch (cause) {
      throw new BulkheadError("IPC_LEASE_INVALID", "the lease of the channel cannot be opened", { cause });
    }
  }

  /** The handle may come from the peer: nothing about it is believed. */
  function placeOf({ offset, sizeBytes }: LeaseHandle, at: number, length: number): number {
    const isInside = [offset, sizeBytes, at, length].every((value) => Number.isSafeInteger(value) && value >= 0);
    if (!isInside || offset + sizeBytes > leaseBytes || at + length > sizeBytes) {
      throw new BulkheadError(
        "IPC_LEASE_INVALID",
        `${length} bytes at ${offset} + ${at} are not inside the piece of ${sizeBytes} bytes, or it not inside the lease of ${leaseBytes} bytes`,
      );
    }
    return offset + at;
  }

  function readInto(piece: LeaseHandle, bytes: Uint8Array, at = 0): void {
    const position = placeOf(piece, at, bytes.length);
    for (let done = 0; done < bytes.length; ) {
      const count = readSync(descriptor(), bytes, done, bytes.length - done, position + done);
      if (count === 0) throw new BulkheadError("IPC_LEASE_INVALID", "the peer has cut the lease off");
      done += count;
    }
  }

  return {
    read(piece, sizeBytes = piece.sizeBytes, at = 0) {
      placeOf(piece, at, sizeBytes);
      const bytes = new Uint8Array(sizeBytes);
      readInto(piece, bytes, at);
      return bytes;
    },
    readInto,
    write(piece, bytes, at = 0) {
      const position = placeOf(piece, at, bytes.length);
      try {
        for (let done = 0; done < bytes.length; ) {
          done += writeSync(descriptor(), bytes, done, bytes.length - done, position + done);
        }
      } catch (cause) {
        if (cause instanceof BulkheadError) throw cause;
        throw new BulkheadError("IPC_LEASE_INVALID", "the lease of the channel cannot be written", { cause });
      }
    },
    close() {
      if (file !== undefined) closeSync(file);
      file = undefined;
    },
  };
}
