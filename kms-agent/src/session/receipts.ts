/**
 * Receipts: a ping that comes back says that everything sent before it has arrived, for both travel in one ordered
 * stream (RFC 6455, section 5.5.2 and 5.5.3). The protocol needs no acknowledgements of its own.
 */
import { BulkheadError } from "@bulkhead/protocol";

export type Receipts = {
  /** Sends a ping; resolves with its pong, rejects (PEER_GONE) when the connection ends before. */
  ask: () => Promise<void>;
  /** A pong came. One that answers no open ping is ignored. */
  confirm: (payload: Buffer) => void;
  /** The connection has ended. */
  fail: (reason: string) => void;
};

/** Receipts over a connection that `ping` writes to. */
export function createReceipts(ping: (payload: string) => void): Receipts {
  const open = new Map<number, { resolve: () => void; reject: (error: BulkheadError) => void }>();
  let last = 0;
  let failure: BulkheadError | undefined;
  return {
    ask() {
      if (failure) return Promise.reject(failure);
      last += 1;
      return new Promise((resolve, reject) => {
        open.set(last, { resolve, reject });
        try {
          ping(String(last));
        } catch (cause) {
          open.delete(last);
          reject(new BulkheadError("PEER_GONE", "the connection to the KMS has ended", { cause }));
        }
      });
    },
    confirm(payload) {
      // Pings may be answered by the newest pong alone (section 5.5.3): it confirms all before it.
      const confirmed = /^\d{1,15}$/.test(payload.toString("latin1")) ? Number(payload.toString("latin1")) : 0;
      for (const [number, receipt] of open) {
        if (number > confirmed) break;
        open.delete(number);
        receipt.resolve();
      }
    },
    fail(reason) {
      failure = new BulkheadError("PEER_GONE", reason);
      for (const receipt of open.values()) receipt.reject(failure);
      open.clear();
    },
  };
}
