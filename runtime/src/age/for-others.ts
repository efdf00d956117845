/** What is encrypted is for none of the keys that are here: who met it says what it is; the way out is one. */
import { BulkheadError } from "@bulkhead/protocol";

export function forOthers(message: string, cause?: unknown): BulkheadError {
  return new BulkheadError("SEALED_FOR_OTHERS", message, {
    ...(cause !== undefined && { cause }),
    remedy:
      "give the key of the deployment: to a device by `bulkhead device admit`, to a command by --deployment-key; or sign for a key that is here",
  });
}

export const isForOthers = (error: unknown): boolean =>
  error instanceof BulkheadError && error.code === "SEALED_FOR_OTHERS";
