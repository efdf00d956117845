/** The state of a device as a person reads it: what `device show` does not show yet. Pure. */
import type { DeviceReport, Usage } from "@bulkhead/protocol";
import { formatColumns } from "../cli/columns.ts";
import { printable } from "../cli/printable.ts";

export function formatReport({ atMs, status, clock, usage, inspections }: DeviceReport): string {
  const ready = status.components.filter(({ state }) => state === "ready").length;
  const head = [
    `${new Date(atMs).toISOString()}, generation ${status.generation} (${status.release.name} ${printable(status.release.version)})`,
    `components  ${ready} of ${status.components.length} ready`,
    `channels    ${status.channels.filter(({ up }) => up).length} of ${status.channels.length} up`,
    `clock       ${clock ? describeClock(clock) : "does not answer"}`,
    `update      ${status.update.state}${status.update.reason ? `: ${printable(status.update.reason)}` : ""}`,
  ];
  const table = usage?.some(isWorthTelling)
    ? [
        "",
        formatColumns([
          ["COMPONENT", "STORAGE", "TRACE", "REFUSED", "DROPPED"],
          ...usage.filter(isWorthTelling).map(row),
        ]),
      ]
    : [];
  const inspected = Object.entries(inspections).map(
    ([name, { passed, notGranted, rateLimited }]) =>
      `inspected   ${printable(name)}: ${passed} passed, ${notGranted} not granted, ${rateLimited} too many`,
  );
  return [...head, ...inspected, ...table].join("\n");
}

function describeClock({ timeMs, quality, errorMs }: NonNullable<DeviceReport["clock"]>): string {
  const error = errorMs === null ? "unknown error" : `within ${errorMs} ms`;
  return `${new Date(timeMs).toISOString()} by ${quality}, ${error}`;
}

const isWorthTelling = ({ storage, trace, channels }: Usage): boolean =>
  storage !== null || trace.usedBytes > 0 || refused(channels) + dropped(channels) > 0;
const refused = (channels: Usage["channels"]) =>
  channels.reduce((sum, { refusedCalls, refusedConnections }) => sum + refusedCalls + refusedConnections, 0);
const dropped = (channels: Usage["channels"]) =>
  channels.reduce((sum, { droppedNotifications }) => sum + droppedNotifications, 0);

function row({ name, storage, trace, channels }: Usage): string[] {
  const kib = (bytes: number) => `${Math.ceil(bytes / 1024)} KiB`;
  const limited = storage?.limited ? `${kib(storage.usedBytes)} of ${kib(storage.sizeBytes)}` : "without limit";
  const stored = storage === null ? "-" : limited;
  return [
    name,
    stored,
    trace.usedBytes > 0 ? kib(trace.usedBytes) : "-",
    `${refused(channels)}`,
    `${dropped(channels)}`,
  ];
}
