/** The result of a replay, for a person. */
import { printable } from "../cli/printable.ts";
import type { Replayed } from "./run-replay.ts";

const endings = {
  exit: "up to its exit",
  cut: "up to where the record is cut off: it was killed, or hung",
  full: "up to where the record is full",
} as const;

export function formatReplay({ component, difference, outputs, turns, ended }: Replayed): string {
  if (!difference) return `${component} did the same: ${outputs} outputs in ${turns} turns, ${endings[ended]}`;
  const { turn, output, atMs, after, expected, found } = difference;
  return [
    `${component} did something else, for the first time in turn ${turn}, output ${output}, ${atMs.toFixed(1)} ms after its start`,
    `  after:    ${printable(after)}`,
    `  expected: ${expected === null ? "nothing more" : printable(expected)}`,
    `  found:    ${found === null ? "nothing" : printable(found)}`,
  ].join("\n");
}
