/**
 * Carries the console to the KMS, batch by batch: the next is read only when the last has arrived, so nothing queues
 * here, and after a lost connection it goes on behind the last line that is known to have arrived. A line may thus come
 * twice (its sequence number says so), but is never lost without being counted.
 */
import type { Client, consoleInterface } from "@bulkhead/sdk";
import { type Coalesced, coalesce } from "../coalesce.ts";
import type { OpenSession } from "../session/connection.ts";
import type { LogPosition } from "./log-position.ts";

type Console = Pick<Client<typeof consoleInterface>, "read">;

const batchLines = 500;
/** Between two batches: five a second are as fluent as a person can read. */
const gapMs = 200;

/** Starts carrying lines in `session`; `poke` it when there are new ones. */
export function reportLog(
  session: OpenSession,
  console: Console,
  position: Pick<LogPosition, "arrived">,
  onError: (error: unknown) => void,
): Coalesced {
  async function report(): Promise<void> {
    for (let hasMore = true; hasMore && !session.closed.aborted; ) hasMore = await sendBatch();
  }

  async function sendBatch(): Promise<boolean> {
    const { lines, dropped } = await console.read({ after: position.arrived, limit: batchLines });
    const last = lines.at(-1);
    if (last === undefined) return false;
    session.send({ type: "log", lines, dropped });
    await session.settled();
    position.arrived = last.sequence;
    return true;
  }

  const reporting = coalesce(report, gapMs, (error) => {
    if (!session.closed.aborted) onError(error);
  });
  session.closed.addEventListener("abort", reporting.stop, { once: true });
  reporting.poke();
  return reporting;
}
