/** What the rounds say: medians for people, ratios within each round for the targets. */
import type { Figures } from "./contenders.ts";
import type { TraceOff } from "./trace-off/measure.ts";
import type { Estimate } from "./trace-off/statistics.ts";

export type Row = { readonly name: string; readonly rounds: readonly Figures[] };
export type Target = {
  readonly what: string;
  readonly wanted: string;
  readonly measured: number;
  readonly reached: boolean;
};

const columns = ["p50", "p99", "min", "rate1", "rate8", "rate64", "transfers", "itemsPerSecond"] as const;
type Column = (typeof columns)[number];
const titles: Record<Column, string> = {
  p50: "p50 µs",
  p99: "p99 µs",
  min: "min µs",
  rate1: "1 in flight /s",
  rate8: "8 /s",
  rate64: "64 /s",
  transfers: "64 KiB /s",
  itemsPerSecond: "stream items /s",
};

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

const valuesOf = (row: Row, column: Column) => row.rounds.flatMap((figures) => figures[column] ?? []);

/** The median over the rounds of `over`'s figure by `under`'s in the same round. */
function ratio(rows: readonly Row[], over: string, under: string, column: Column, overColumn: Column = column): number {
  const [top, bottom] = [over, under].map((name) => rows.find((row) => row.name === name)?.rounds ?? []);
  return median(
    (top ?? []).map((figures, i) => (figures[overColumn] ?? Number.NaN) / (bottom?.[i]?.[column] ?? Number.NaN)),
  );
}

/** The targets that this benchmark is about. */
export function targets(rows: readonly Row[]): Target[] {
  const atMost = (what: string, limit: number, measured: number): Target => ({
    ...{ what, wanted: `at most ${limit}`, measured, reached: measured <= limit },
  });
  const atLeast = (what: string, limit: number, measured: number): Target => ({
    ...{ what, wanted: `at least ${limit}`, measured, reached: measured >= limit },
  });
  const slower = (name: string) => atLeast(`p50 of ${name} / ours`, 3, ratio(rows, name, "bulkhead", "p50"));
  const all = [
    atMost("p50, ours / C", 2.3, ratio(rows, "bulkhead", "C", "p50")),
    atMost("p50, raw Node sockets / C", 2.3, ratio(rows, "raw", "C", "p50")),
    atMost("p50, ours / raw Node sockets", 1.3, ratio(rows, "bulkhead", "raw", "p50")),
    slower("dbus"),
    slower("mqtt"),
    slower("grpc"),
    atLeast("64 KiB, lease / C", 3, ratio(rows, "bulkhead lease", "C", "transfers")),
    atLeast("64 KiB, lease / ours in calls", 1, ratio(rows, "bulkhead lease", "bulkhead", "transfers")),
  ];
  return all.filter(({ measured }) => !Number.isNaN(measured));
}

/** What trace that is off may cost. It is reached where the whole interval is within it, not where its middle is. */
export function traceTargets({ cost, same, callUs }: TraceOff): Target[] {
  const within = (found: Estimate) => `${found.from.toFixed(2)} to ${found.to.toFixed(2)} %`;
  const what = `trace off over no trace points, % of a call of ${callUs.toFixed(1)} µs (95 %: ${within(cost)}; equal builds: ${within(same)})`;
  return [{ what, wanted: "at most 1", measured: cost.percent, reached: cost.to <= 1 }];
}

export function table(
  rows: readonly Row[],
  reached: readonly Target[],
  peers: readonly { name: string; language: string; version: string }[],
  absent: readonly string[],
): string {
  const head = ["", ...columns.map((column) => titles[column])];
  const body = rows.map((row) => [row.name, ...columns.map((column) => figure(median(valuesOf(row, column))))]);
  const widths = head.map((_, i) => Math.max(...[head, ...body].map((line) => line[i]?.length ?? 0)));
  const lines = [head, ...body].map((line) =>
    line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join("  "),
  );
  return [
    "Round trips of 64 bytes one after the other; calls per second with so many in flight; 64 KiB there, acknowledged, eight in flight.",
    "Medians over the rounds.",
    "",
    ...lines,
    "",
    ...reached.map(
      ({ what, wanted, measured, reached: isReached }) =>
        `${isReached ? "reached    " : "not reached"}  ${what}: ${measured.toFixed(2)} (${wanted})`,
    ),
    "",
    ...peers.map(({ name, language, version }) => `${name}: ${language}; ${version}`),
    ...absent.map((text) => `left out: ${text}`),
    "",
    "Not comparable: C has no framing, types, checks or deadlines and writes each message by itself, Node gathers those of a tick;",
    "raw is without promises and framing; dbus, mqtt and grpc are asked for ten times fewer calls; mqtt has no answers of its own,",
    "the order of one connection stands in for them; only ours and Erlang's messages have a length; only ours is in sandboxes.",
  ].join("\n");
}

function figure(value: number): string {
  if (Number.isNaN(value)) return "–";
  return value < 1000 ? value.toFixed(1) : Math.round(value).toLocaleString("en");
}
