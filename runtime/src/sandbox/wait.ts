/** Waits for a condition of the kernel that nothing announces. */
import { setTimeout as delay } from "node:timers/promises";

/** Short at first: what is waited for is mostly there within a millisecond. */
const firstPollMs = 1;
const maxPollMs = 5;

/** Asks until `condition` holds (true) or `timeoutMs` have passed (false); asks at least once. */
export async function waitFor(condition: () => Promise<boolean>, timeoutMs: number): Promise<boolean> {
  const endMs = performance.now() + timeoutMs;
  for (let pollMs = firstPollMs; ; pollMs = Math.min(2 * pollMs, maxPollMs)) {
    if (await condition()) return true;
    if (performance.now() >= endMs) return false;
    await delay(pollMs);
  }
}
