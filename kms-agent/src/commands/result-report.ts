/** Delivers results: each until the KMS is known to have it, over as many connections as that takes. */
import type { Coalesced } from "../coalesce.ts";
import type { OpenSession } from "../session/connection.ts";
import { reportIn } from "../session/reporting.ts";
import type { Journal } from "./journal.ts";

/** Starts delivering in `session`; `poke` it when there is a new result. */
export function reportResults(session: OpenSession, journal: Journal, onError: (error: unknown) => void): Coalesced {
  async function report(): Promise<void> {
    const owed = journal.list().filter((entry) => entry.result !== null && !entry.isDelivered);
    if (owed.length === 0) return;
    for (const { envelope, result } of owed) {
      if (result) session.send({ type: "command-result", id: envelope.id, ...result });
    }
    await session.settled();
    for (const { envelope } of owed) await journal.update(envelope.id, { isDelivered: true });
  }

  return reportIn(session, report, 0, onError);
}
