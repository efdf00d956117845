/** Waits for the root server's word on the slot that runs. What is decided on it, and by what, is above (decision 59). */
import { setTimeout as delay } from "node:timers/promises";
import { BulkheadError } from "@bulkhead/protocol";
import type { BoardSlots } from "./board-slots.ts";

const lookEveryMs = 500;

/**
 * Until the slot that runs is on trial no more: the current one. Whoever waits for it has a bound of its own. Throws BASE_SYSTEM_FAILED
 * where not all components are ready at first: then the root server has nothing to say yes to.
 */
export async function untilSettled(
  { running, read }: Pick<BoardSlots, "running" | "read">,
  isWell: () => boolean,
  everyMs: number = lookEveryMs,
): Promise<string> {
  for (let looks = 0; ; looks += 1) {
    const { current, trying } = await read();
    if (trying !== running.slot) return current;
    if (looks === 0 && !isWell()) {
      throw new BulkheadError(
        "BASE_SYSTEM_FAILED",
        `the components are not ready, and slot ${running.slot} is on trial`,
      );
    }
    await delay(everyMs);
  }
}
