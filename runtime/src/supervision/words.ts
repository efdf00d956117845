/** Reasons in words that a person can act on. */
import { constants } from "node:os";
import type { Exit } from "./event.ts";

/** `50 ms`, `1.5 s`, `3 s`. */
export function durationInWords(durationMs: number): string {
  return durationMs < 1000 ? `${durationMs} ms` : `${Math.round(durationMs / 100) / 10} s`;
}

/** How a component ended, after its name: `exited with code 1: flaky sensor gave up`. */
export function exitInWords(exit: Exit, lastWord: string | null): string {
  const ended = exit.failure === undefined ? endInWords(exit) : `could not be started: ${exit.failure}`;
  return lastWord === null ? ended : `${ended}: ${lastWord}`;
}

function endInWords(exit: Exit): string {
  const signal = exit.signal ?? signalOf(exit.code);
  if (exit.outOfMemory === true) return "was killed by the kernel because it reached its memory limit";
  if (signal !== undefined) return `was killed by ${signal}`;
  return exit.code === 0 ? "ended by itself (code 0)" : `exited with code ${exit.code}`;
}

// bubblewrap and shells report the death of their child by signal n as code 128 + n.
function signalOf(code: number | null): string | undefined {
  if (code === null || code <= 128) return undefined;
  return Object.entries(constants.signals).find(([, number]) => number === code - 128)?.[0];
}
