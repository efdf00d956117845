/** A report of one session: made at once, again for each reason, and no more when the session has closed. */
import { type Coalesced, coalesce } from "../coalesce.ts";
import type { OpenSession } from "./connection.ts";

/** An error of `report` goes to `onError`, except for what a session that closed meanwhile made of it. */
export function reportIn(
  session: OpenSession,
  report: () => Promise<void>,
  gapMs: number,
  onError: (error: unknown) => void,
): Coalesced {
  const whileOpen = async () => {
    if (!session.closed.aborted) await report();
  };
  const reporting = coalesce(whileOpen, gapMs, (error) => {
    if (!session.closed.aborted) onError(error);
  });
  session.closed.addEventListener("abort", reporting.stop, { once: true });
  reporting.poke();
  return reporting;
}
