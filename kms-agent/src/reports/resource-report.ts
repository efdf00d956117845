/** Reports what the components take and may take: at once when a session opens, then at a steady pace. */
import type { Client, schedulerInterface } from "@bulkhead/sdk";
import type { Coalesced } from "../coalesce.ts";
import type { OpenSession } from "../session/connection.ts";
import { reportIn } from "../session/reporting.ts";

type Scheduler = Pick<Client<typeof schedulerInterface>, "report">;

/** Memory that grows is seen long before it is a problem, and reading the counters costs nothing that shows in them. */
const everyMs = 10_000;

/** Starts reporting in `session` and ends with it; `poke` it when the scheduler server is back. */
export function reportResources(
  session: OpenSession,
  scheduler: Scheduler,
  onError: (error: unknown) => void,
  periodMs = everyMs,
): Coalesced {
  async function report(): Promise<void> {
    session.send({ type: "resources", resources: await scheduler.report() });
    await session.settled();
  }

  const reporting = reportIn(session, report, 0, onError);
  const pace = setInterval(reporting.poke, periodMs);
  const stop = () => {
    clearInterval(pace);
    reporting.stop();
  };
  session.closed.addEventListener("abort", stop, { once: true });
  return { ...reporting, stop };
}
