/** Crash records as text for a person. What a component said may hold anything, and is made harmless here. Pure. */
import type { CrashesAnswer } from "@bulkhead/kms";
import type { CrashRecord } from "@bulkhead/protocol";
import { formatAgo, formatColumns } from "../cli/columns.ts";
import { printable } from "../cli/printable.ts";

export function formatCrashes({ crashes }: CrashesAnswer, nowMs: number): string {
  if (crashes === null) return "crashes: not reported since the server started";
  if (crashes.length === 0) return "no component has crashed";
  const rows = crashes.map((crash, index) => [
    `${index + 1}`,
    crash.component,
    `${crash.incarnation}`,
    formatAgo(crash.atMs, nowMs),
    printable(crash.reason),
  ]);
  return formatColumns([["N", "COMPONENT", "INCARNATION", "WHEN", "REASON"], ...rows]);
}

export function formatCrash(crash: CrashRecord, nowMs: number): string {
  const { component, incarnation, generation, release, reason, stack, lines, skipped } = crash;
  return [
    `${component}, incarnation ${incarnation}, generation ${generation} (${printable(release)}), ${formatAgo(crash.atMs, nowMs)}`,
    printable(reason),
    `memory: ${describeMemory(crash)} · processes: at most ${crash.limits.processes} · exit: ${describeExit(crash)}`,
    ...(skipped > 0 ? [`${skipped} crashes before it were not recorded: there were too many`] : []),
    ...(stack === null ? [] : ["", "stack:", ...stack.split("\n").map((line) => `  ${printable(line)}`)]),
    ...(lines.length === 0 ? [] : ["", "last lines:"]),
    ...lines.map(({ atMs, text }) => `  ${new Date(atMs).toISOString()} ${printable(text)}`),
  ].join("\n");
}

function describeMemory({ memoryPeakBytes, limits, exit }: CrashRecord): string {
  const peak = memoryPeakBytes === null ? "unknown" : mebibytes(memoryPeakBytes);
  const end = exit.outOfMemory ? ", which ended it" : "";
  return `${peak} at most, of ${mebibytes(limits.memoryBytes)}${end}`;
}

function describeExit({ exit: { code, signal } }: CrashRecord): string {
  if (signal !== null) return printable(signal);
  return code === null ? "never ran" : `code ${code}`;
}

const mebibytes = (bytes: number) => `${Number((bytes / 1024 ** 2).toFixed(1))} MiB`;
