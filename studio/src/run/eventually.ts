/** Waiting for something that is on its way, without guessing how long it takes. */
import { BulkheadError } from "@bulkhead/protocol";

/**
 * Looks every `intervalMs` until `probe` answers with something other than undefined. Throws after `timeoutMs`, naming what was
 * waited for.
 */
export async function eventually<T>(
  what: string,
  timeoutMs: number,
  probe: () => Promise<T | undefined> | T | undefined,
  intervalMs = 50,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const found = await probe();
    if (found !== undefined) return found;
    if (performance.now() > deadline)
      throw new BulkheadError("DEADLINE_EXCEEDED", `waited ${timeoutMs / 1000} s for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, intervalMs));
  }
}
