/** Crash records as text for a person. What a component said may hold anything, and is made harmless here. Pure. */
import type { CrashesAnswer } from "@bulkhead/kms";
import type { CrashRecord, CrashUse, TraceEntry } from "@bulkhead/protocol";
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
    ...describeUse(crash),
    ...(skipped > 0 ? [`${skipped} crashes before it were not recorded: there were too many`] : []),
    ...(stack === null ? [] : ["", "stack:", ...stack.split("\n").map((line) => `  ${printable(line)}`)]),
    ...(lines.length === 0 ? [] : ["", "last lines:"]),
    ...lines.map(({ atMs, text }) => `  ${new Date(atMs).toISOString()} ${printable(text)}`),
    ...describeTrace(crash),
  ].join("\n");
}

function describeUse({ use, life, limits: { cpu } }: CrashRecord): string[] {
  if (!use) return [];
  const lived = life ? [`lived ${seconds(life.toUs - life.fromUs)}`] : [];
  const worked = use.cpuUs === null ? [] : [`worked ${seconds(use.cpuUs)} as class ${cpu.class}`];
  const most = use.processesPeak === null ? [] : [`${use.processesPeak} processes at once`];
  return [[...lived, ...worked, ...most, ...describeHits(use)].join(" · ")];
}

/** A limit that was never met has nothing to do with the end. */
function describeHits({ limited, memoryLimitHits, processLimitHits, throttled }: CrashUse): string[] {
  if (!limited) return ["no limit was enforced: the device has no control groups"];
  return [
    ...(memoryLimitHits ? [`at the memory limit ${times(memoryLimitHits)}`] : []),
    ...(processLimitHits ? [`refused a process ${times(processLimitHits)}`] : []),
    ...(throttled ? [`made to wait for the processor ${times(throttled)}`] : []),
  ];
}

function describeTrace({ trace, life }: CrashRecord): string[] {
  if (!trace) return [];
  const { entries, damaged } = trace;
  const lost = damaged > 0 ? [`  ${damaged} more lines are no entries`] : [];
  return [
    "",
    "last of its trace, in milliseconds before its end:",
    ...entries.map((entry) => row(entry, life)),
    ...lost,
  ];
}

function row(entry: TraceEntry, life: CrashRecord["life"]): string {
  const before = life ? ((entry[0] - life.toUs) / 1000).toFixed(3) : `${entry[0]}`;
  return `  ${before.padStart(12)}  ${printable(describeEntry(entry))}`;
}

function describeEntry(entry: TraceEntry): string {
  if (entry[1] === "s") return `recording begins, incarnation ${entry[2]}`;
  if (entry[1] === "m") return entry[2];
  const [, kind, side, channel, operation, id] = entry;
  const call = `${side === "client" ? "calls" : "serves"} ${channel}.${operation} #${id}`;
  if (kind === "b") return call;
  return `${call}: ${entry[6] === null ? "done" : `failed with ${entry[6]}`}`;
}

const seconds = (us: number) => `${Number((us / 1_000_000).toFixed(3))} s`;
const times = (count: number) => (count === 1 ? "once" : `${count} times`);

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
