/** Keeps the agent connected: one connection after another, with growing pauses while they fail. */
import { setTimeout as delay } from "node:timers/promises";
import type { Log } from "@bulkhead/sdk";
import { backoffMs, reconnectBackoff } from "./backoff.ts";
import type { Ending } from "./session/connection.ts";

/** A session that lasted this long was a good one; shorter ones count as failures, so that none is repeated busily. */
const goodSessionMs = 10_000;
/** The same failure is logged again after so many tries (some minutes): a reader sees that it goes on. */
const repeatLogAfter = 20;

/** Calls `connect` again and again until `stop`. Resolves when it has stopped. */
export async function stayConnected(
  connect: () => Promise<Ending>,
  log: Pick<Log, "warn">,
  stop: AbortSignal,
  backoff = reconnectBackoff,
): Promise<void> {
  let failures = 0;
  let lastReason = "";
  while (!stop.aborted) {
    const ending = await connect();
    if (stop.aborted) return;
    const wasGood = ending.openedAtMs !== null && performance.now() - ending.openedAtMs >= goodSessionMs;
    failures = wasGood ? 0 : failures + 1;
    if (wasGood || ending.reason !== lastReason || failures % repeatLogAfter === 0) {
      log.warn(`not connected to the KMS: ${ending.reason}`, { code: ending.code, failures });
    }
    lastReason = ending.reason;
    await delay(backoffMs(failures, Math.random(), backoff), undefined, { signal: stop }).catch(() => undefined);
  }
}
