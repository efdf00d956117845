/** Waits for a condition of the kernel that nothing announces. */
import { setTimeout as delay } from "node:timers/promises";

const pollMs = 5;

/** Asks until `condition` holds (true) or `timeoutMs` have passed (false); asks at least once. */
export async function waitFor(condition: () => Promise<boolean>, timeoutMs: number): Promise<boolean> {
  const endMs = performance.now() + timeoutMs;
  for (;;) {
    if (await condition()) return true;
    if (performance.now() >= endMs) return false;
    await delay(pollMs);
  }
}
