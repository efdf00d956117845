/** Says in the device's log what was refused: each kind at once, then no more than once a minute, with how many there were. */
import type { Log } from "@bulkhead/sdk";

const pauseMs = 60_000;

/** Counts refusals by their code. `pause`: for tests, which do not wait a minute. */
export function createRefusalLog(
  warn: Log["warn"],
  pause = pauseMs,
): (code: string | null, what: string, message: string) => void {
  const total = new Map<string, number>();
  const quiet = new Map<string, { count: number }>();

  return (code, what, message) => {
    const kind = code ?? "INTERNAL";
    const refused = (total.get(kind) ?? 0) + 1;
    total.set(kind, refused);
    const waiting = quiet.get(kind);
    if (waiting) {
      waiting.count += 1;
      return;
    }
    const started = { count: 0 };
    quiet.set(kind, started);
    warn(`refused ${what}: ${kind}: ${message}`, { refused });
    setTimeout(() => {
      quiet.delete(kind);
      if (started.count > 0) warn(`refused ${started.count} more: ${kind}`, { refused: total.get(kind) });
    }, pause).unref();
  };
}
