/** The lines of a console: bounded, in the order of the KMS, each once, however often and in whatever order they come. */
import type { StoredLogLine } from "../api/types.ts";

export const keptLines = 2000;

/** `buffer` with `lines` merged in; the newest `keptLines` stay. */
export function mergeLines(
  buffer: readonly StoredLogLine[],
  lines: readonly StoredLogLine[],
): readonly StoredLogLine[] {
  if (lines.length === 0) return buffer;
  const lastId = buffer.at(-1)?.id ?? -1;
  const isNext = lines.every((line, i) => line.id > (lines[i - 1]?.id ?? lastId));
  if (isNext) return [...buffer, ...lines].slice(-keptLines);
  const byId = new Map([...buffer, ...lines].map((line) => [line.id, line]));
  return [...byId.values()].sort((a, b) => a.id - b.id).slice(-keptLines);
}
