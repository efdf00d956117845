/**
 * What the KMS said it has stored. A receipt (receipts.ts) says only that bytes have reached its process, and a KMS that is
 * killed forgets those: what the device is to forget, it asks for by batch.
 */
import { BulkheadError } from "@bulkhead/protocol";

export type Acknowledgements = {
  /** The number of the next batch, and when it is stored. Rejects (PEER_GONE) when the session ends before. */
  next: () => { batch: number; stored: Promise<void> };
  /** The KMS stored `batch`, and with it all before it. */
  confirm: (batch: number) => void;
  fail: (reason: string) => void;
};

export function createAcknowledgements(): Acknowledgements {
  const open = new Map<number, { resolve: () => void; reject: (error: BulkheadError) => void }>();
  let last = 0;
  let failure: BulkheadError | undefined;
  return {
    next() {
      last += 1;
      const batch = last;
      const stored = failure
        ? Promise.reject(failure)
        : new Promise<void>((resolve, reject) => open.set(batch, { resolve, reject }));
      // Who does not wait must not end the agent.
      stored.catch(() => undefined);
      return { batch, stored };
    },
    confirm(batch) {
      for (const [number, { resolve }] of open) {
        if (number > batch) continue;
        open.delete(number);
        resolve();
      }
    },
    fail(reason) {
      failure = new BulkheadError("PEER_GONE", reason);
      for (const { reject } of open.values()) reject(failure);
      open.clear();
    },
  };
}
