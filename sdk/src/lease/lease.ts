/**
 * The two ends of a channel's shared memory. The client alone gives out pieces, for as long as one of its calls needs
 * them; the provider works on the pieces that a call names. So no piece has two owners, and none needs to be handed back.
 */
import { BulkheadError } from "@bulkhead/protocol";
import type { LeaseHandle } from "./handle.ts";
import { openMemory } from "./memory.ts";
import { createPieces } from "./pieces.ts";

/** A piece while a call of its client works on it. */
export type LeasePiece = {
  /** For the arguments of the call. */
  readonly handle: LeaseHandle;
  write(bytes: Uint8Array, at?: number): void;
  /** A copy; default: the whole piece. */
  read(sizeBytes?: number, at?: number): Uint8Array;
  /** Fills `bytes`, which may be used again for the next piece. */
  readInto(bytes: Uint8Array, at?: number): void;
};

export type ClientLease = {
  readonly sizeBytes: number;
  /**
   * Runs `work` with a piece of `sizeBytes`. Throws IPC_OVERLOADED where no room is left. A provider that missed its
   * deadline may still write into the piece, so that it is not given out again before the provider has gone.
   */
  use<T>(sizeBytes: number, work: (piece: LeasePiece) => Promise<T>): Promise<T>;
};

/** What the provider has of it. The handles come from the client and are checked: IPC_LEASE_INVALID. */
export type ProviderLease = {
  write(handle: LeaseHandle, bytes: Uint8Array, at?: number): void;
  read(handle: LeaseHandle, sizeBytes?: number, at?: number): Uint8Array;
  readInto(handle: LeaseHandle, bytes: Uint8Array, at?: number): void;
};

export type ClientLeaseEnd = { lease: ClientLease; peerGone(): void; close(): void };

export function clientLease(path: string, leaseBytes: number): ClientLeaseEnd {
  const memory = openMemory(path, leaseBytes);
  const pieces = createPieces(leaseBytes);
  let retired: LeaseHandle[] = [];

  async function use<T>(sizeBytes: number, work: (piece: LeasePiece) => Promise<T>): Promise<T> {
    const handle = pieces.take(sizeBytes);
    if (!handle) {
      throw new BulkheadError("IPC_OVERLOADED", `the lease of ${leaseBytes} bytes has no room for ${sizeBytes}`);
    }
    try {
      const result = await work({
        handle,
        write: (bytes, at) => memory.write(handle, bytes, at),
        read: (size, at) => memory.read(handle, size, at),
        readInto: (bytes, at) => memory.readInto(handle, bytes, at),
      });
      pieces.give(handle);
      return result;
    } catch (error) {
      if (error instanceof BulkheadError && error.code === "DEADLINE_EXCEEDED") retired.push(handle);
      else pieces.give(handle);
      throw error;
    }
  }

  return {
    lease: { sizeBytes: leaseBytes, use },
    peerGone() {
      for (const handle of retired) pieces.give(handle);
      retired = [];
    },
    close: memory.close,
  };
}

export function providerLease(path: string, leaseBytes: number): ProviderLease & { close(): void } {
  const memory = openMemory(path, leaseBytes);
  return {
    read: (handle, sizeBytes, at) => memory.read(handle, sizeBytes, at),
    readInto: (handle, bytes, at) => memory.readInto(handle, bytes, at),
    write: (handle, bytes, at) => memory.write(handle, bytes, at),
    close: memory.close,
  };
}

/** Of a channel to which the manifest gives no lease. */
export const noClientLease: ClientLease = { sizeBytes: 0, use: () => Promise.reject(noLease()) };
export const noProviderLease: ProviderLease = {
  write() {
    throw noLease();
  },
  read() {
    throw noLease();
  },
  readInto() {
    throw noLease();
  },
};

function noLease(): BulkheadError {
  return new BulkheadError("IPC_LEASE_INVALID", "the channel has no shared memory", {
    remedy: "write `lease: 1Mi` beside `from` in the manifest",
  });
}
