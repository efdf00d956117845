/** A request to end, by a signal: what a command has to clear up after is told of it, and is not just gone. */
import { constants } from "node:os";

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Somebody wants it to end. */
export class Interruption extends Error {
  override readonly name = "Interruption";
  /** What a shell would show: 128 and the number of the signal. */
  readonly exitCode: number;
  constructor(signal: (typeof signals)[number]) {
    super(`interrupted by ${signal}`);
    this.exitCode = 128 + constants.signals[signal];
  }
}

/** Aborts `controller` at each of the signals. Returns what ends that. */
export function abortBySignals(controller: AbortController): () => void {
  const listeners = signals.map((signal) => {
    const listener = () => controller.abort(new Interruption(signal));
    process.on(signal, listener);
    return () => process.off(signal, listener);
  });
  return () => {
    for (const end of listeners) end();
  };
}

/** Runs `work`, which ends in order when its signal is aborted. Throws Interruption then. */
export async function withInterrupts<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const ending = new AbortController();
  const end = abortBySignals(ending);
  try {
    return await work(ending.signal);
  } catch (error) {
    // A Ctrl-C reaches what we have started too: whatever failed of it then is only the echo.
    throw ending.signal.reason ?? error;
  } finally {
    end();
  }
}
