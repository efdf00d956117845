/** Reports the state of the device and the running system: at once when a session opens, and after each change. */
import { canonicalJson, sha256 } from "@bulkhead/protocol";
import type { Client, monitorInterface } from "@bulkhead/sdk";
import type { Coalesced } from "../coalesce.ts";
import type { OpenSession } from "../session/connection.ts";
import { reportIn } from "../session/reporting.ts";

type Monitor = Pick<Client<typeof monitorInterface>, "status" | "system">;

/** A person sees a change at once, and a component that restarts in a loop does not fill the tunnel. */
const gapMs = 250;

/**
 * Starts reporting in `session`; `poke` it after each change. The system is sent first and again only when it is
 * another one.
 */
export function reportState(session: OpenSession, monitor: Monitor, onError: (error: unknown) => void): Coalesced {
  let sentSystem: string | undefined;

  async function report(): Promise<void> {
    const [status, system] = await Promise.all([monitor.status(), monitor.system()]);
    const digest = sha256(canonicalJson(system));
    if (digest !== sentSystem) session.send({ type: "manifest", system });
    session.send({ type: "status", status });
    sentSystem = digest;
    await session.settled();
  }

  return reportIn(session, report, gapMs, onError);
}
