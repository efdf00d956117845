/** Reports the newest crash records: when a session opens, and when there are others. */
import { type CrashRecord, maxReportedCrashes } from "@bulkhead/protocol";
import type { Client, consoleInterface } from "@bulkhead/sdk";
import type { Coalesced } from "../coalesce.ts";
import type { OpenSession } from "../session/connection.ts";
import { reportIn } from "../session/reporting.ts";

type Console = Pick<Client<typeof consoleInterface>, "crashes">;

/** The serial server waits for a component's last lines before it keeps a record. */
const gapMs = 1000;

/** Starts reporting in `session`; `poke` it after each change of the device's state. */
export function reportCrashes(session: OpenSession, console: Console, onError: (error: unknown) => void): Coalesced {
  let sent: string | undefined;

  async function report(): Promise<void> {
    const crashes = await console.crashes({ limit: maxReportedCrashes });
    const newest = keyOf(crashes[0]);
    if (newest === sent) return;
    session.send({ type: "crashes", crashes });
    sent = newest;
    await session.settled();
  }

  return reportIn(session, report, gapMs, onError);
}

const keyOf = (crash: CrashRecord | undefined) => (crash ? `${crash.atMs} ${crash.component}` : undefined);
