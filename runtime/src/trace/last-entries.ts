/** What a component's trace ring says of its end: the last entries of the life that is over. */
import { type CrashFacts, type CrashTrace, maxCrashEntries } from "@bulkhead/protocol";
import { readTrace } from "./read.ts";

/**
 * More than is kept: the component may be running again, and have written already. A ring of nothing but garbage costs a
 * few milliseconds of whoever reads it.
 */
const limits = { bytes: 64 * 1024, lines: 500 };

/**
 * The last entries in the ring below `root` from the time of this life; null where it recorded nothing. Older and newer
 * ones are another incarnation's. The times are the component's own words: with others it hides its own entries alone.
 */
export function lastEntries(
  root: string,
  { component, life }: Pick<CrashFacts, "component" | "life">,
  ringBytes: number,
): CrashTrace | null {
  if (ringBytes === 0 || !life) return null;
  const { entries, damaged } = readTrace(root, component, ringBytes, limits);
  const own = entries.filter(([atUs]) => atUs >= life.fromUs && atUs <= life.toUs);
  return own.length + damaged === 0 ? null : { entries: own.slice(-maxCrashEntries), damaged };
}
