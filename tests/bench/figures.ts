/** What every benchmark says beside its figures, and how figures become a table. */
import { readFileSync } from "node:fs";
import { cpus, loadavg, release } from "node:os";

/** Of the machine, as it is now. */
export function machine() {
  const kernel = release();
  const governor = "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor";
  return { node: process.version, kernel, arch: process.arch, cores: cpus().length, governor: textOf(governor) };
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return null;
  }
}

export const loadNow = (): number => loadavg()[0] ?? Number.NaN;

/** The value that `share` of the others are not above. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);
export const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);

export function figure(value: number | null | undefined, digits = 1): string {
  return value === null || value === undefined || Number.isNaN(value) ? "–" : value.toFixed(digits);
}

/** First column to the left, the others to the right. */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const cell = (text: string, column: number) =>
    column === 0 ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0);
  return rows.map((row) => row.map(cell).join("  ").trimEnd()).join("\n");
}
