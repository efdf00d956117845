/**
 * How a system ends: a person or the machine asks for it by a signal, or a part that it cannot do without is gone. Either is
 * looked at from the first moment on, so that what is only half up is taken down in order too.
 */
import { abortBySignals, Interruption } from "../cli/interruption.ts";
import type { Progress } from "./progress.ts";

/** Rejects with the signal's reason once it is aborted; never resolves. */
export function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
  });
}

/**
 * Starts something and takes it down when it shall end. Returns the exit code: 0 after a request to end what was up, 128 + n
 * after signal n while it was starting. Throws why it cannot start, or cannot go on.
 */
export async function runUntilEnd<R extends { stop(): Promise<void> }>(
  progress: Progress,
  start: (ending: AbortController) => Promise<R>,
  onceUp: (running: R) => Promise<void>,
): Promise<number> {
  const ending = endingBySignals();
  const end = untilAborted(ending.signal);
  end.catch(() => undefined);
  let running: R | undefined;
  let isUp = false;
  let why: unknown;
  try {
    running = await start(ending);
    await Promise.race([onceUp(running), end]);
    isUp = true;
    await end;
  } catch (error) {
    // A Ctrl-C reaches what we have started too: whatever failed of it then is only the echo.
    why = ending.signal.reason ?? error;
  }
  const up = running;
  if (up) await progress.step("taking it down", () => up.stop());
  if (why instanceof Interruption) return isUp ? 0 : why.exitCode;
  throw why;
}

function endingBySignals(): AbortController {
  const ending = new AbortController();
  abortBySignals(ending);
  // Who closes the terminal, or the pipe that we write to, must not keep us from ending in order.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
  return ending;
}
