/** Tables for people. */

/** Rows as aligned columns with two spaces between them; nothing is left at the end of a line. */
export function formatColumns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** How long ago `atMs` was, in the largest unit that fits: `now`, `42 s ago`, `3 min ago`, `5 h ago`, `2 d ago`. */
export function formatAgo(atMs: number, nowMs: number): string {
  const seconds = Math.floor((nowMs - atMs) / 1000);
  return seconds < 1 ? "now" : `${largestUnit(seconds)} ago`;
}

/** How far away `atMs` is: `now`, `in 42 s`, `in 3 min`, `in 5 h`, `in 2 d`. */
export function formatIn(atMs: number, nowMs: number): string {
  const seconds = Math.floor((atMs - nowMs) / 1000);
  return seconds < 1 ? "now" : `in ${largestUnit(seconds)}`;
}

function largestUnit(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / (24 * 3600))} d`;
}
