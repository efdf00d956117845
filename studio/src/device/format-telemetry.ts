/** Telemetry as text for a person. Pure. */
import type { StoredLoss, TelemetryOfDevice } from "@bulkhead/kms";
import { formatAgo, formatColumns } from "../cli/columns.ts";
import { printable } from "../cli/printable.ts";

/** Losses shown; `--json` has all of them. */
const shownLosses = 10;

export function formatTelemetry({ streams, losses }: TelemetryOfDevice, nowMs: number): string {
  if (streams.length === 0 && losses.length === 0) return "no component has published anything";
  const rows = streams.map(({ component, stream, unit, points }) => {
    const values = points.map(({ value }) => value);
    const last = points.at(-1);
    return [
      `${component}.${stream}`,
      `${formatValue(last?.value ?? Number.NaN)}${unit === null ? "" : ` ${printable(unit)}`}`,
      formatAgo(last?.atMs ?? nowMs, nowMs),
      `${formatValue(Math.min(...values))} to ${formatValue(Math.max(...values))} in ${values.length}`,
      `${losses.filter((loss) => loss.stream === `${component}.${stream}`).reduce((sum, { count }) => sum + count, 0)}`,
    ];
  });
  const table = streams.length === 0 ? [] : [formatColumns([["STREAM", "VALUE", "WHEN", "RANGE", "LOST"], ...rows])];
  return [...table, ...losses.slice(0, shownLosses).map(formatLoss)].join("\n");
}

/** `lost 12 of climate.temperature between … and …`. */
export function formatLoss({ stream, count, fromMs, toMs, notedAtMs }: StoredLoss): string {
  const when =
    fromMs === null || toMs === null
      ? `told at ${isoTime(notedAtMs)}`
      : `between ${isoTime(fromMs)} and ${isoTime(toMs)}`;
  return `lost ${count} of ${stream === "" ? "streams that nobody can name" : stream} ${when}`;
}

/** Six digits say more than a sensor knows. */
const formatValue = (value: number): string => String(Number(value.toPrecision(6)));

const isoTime = (atMs: number): string => new Date(atMs).toISOString();
