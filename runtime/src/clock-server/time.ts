/** The clocks of the board as this server can read them. */

export type Time = { timeMs: number; monotonicUs: number; quality: "host" };

/**
 * Now. `timeMs` is Unix time as the host's kernel has it; this server neither sets nor judges it, which is what the
 * quality `host` says. `monotonicUs` counts from the start of the host (CLOCK_MONOTONIC, clock_gettime(2)).
 */
export function readTime(): Time {
  return { timeMs: Date.now(), monotonicUs: Number(process.hrtime.bigint() / 1000n), quality: "host" };
}
