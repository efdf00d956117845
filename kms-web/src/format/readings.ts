/** Readings and what of them was lost, in words. */
import type { Loss } from "../api/types.ts";

/** Six digits say more than a sensor knows. */
export function formatReading(value: number, unit: string | null): string {
  const number = String(Number(value.toPrecision(6)));
  return unit === null ? number : `${number} ${unit}`;
}

/** `lost 12 of climate.temperature between … and …`. */
export function describeLoss({ stream, count, fromMs, toMs, notedAtMs }: Loss): string {
  const whose = stream === "" ? "streams that nobody can name" : stream;
  if (fromMs === null || toMs === null) return `lost ${count} of ${whose}, told at ${isoTime(notedAtMs)}`;
  return `lost ${count} of ${whose} between ${isoTime(fromMs)} and ${isoTime(toMs)}`;
}

const isoTime = (atMs: number): string => new Date(atMs).toISOString();
