/**
 * The newest lines of the console in a tmpfs of bounded size that outlives this server: after a crash of it, what was
 * written before can still be read, under the same numbers.
 */
import { type LogLine, logLineSchema } from "@bulkhead/protocol";
import { openSegments, readSegments, type Segments } from "@bulkhead/sdk";

/** Its pages are charged to this server, beside the ring in its own memory. */
export const keptBytes = 2 * 1024 * 1024;

export type KeptLines = {
  /** What an earlier incarnation kept, oldest first, numbered without a gap. */
  readonly lines: readonly LogLine[];
  append(line: LogLine): void;
};

/** Where nothing can be kept (`directory` is not there), nothing is: the console goes on without. */
export function openKeptLines(directory: string, maxBytes = keptBytes): KeptLines {
  const lines = withoutGaps(readSegments(directory, maxBytes).flatMap(parseLine));
  let segments: Segments | undefined = openSegments(directory, maxBytes);
  return {
    lines,
    append(line) {
      try {
        segments?.append(JSON.stringify(line));
      } catch {
        segments = undefined;
      }
    },
  };
}

function parseLine(text: string): LogLine[] {
  try {
    return [logLineSchema.parse(JSON.parse(text))];
  } catch {
    return [];
  }
}

/** The newest run of lines whose numbers follow each other. */
function withoutGaps(lines: readonly LogLine[]): LogLine[] {
  let from = 0;
  for (const [index, line] of lines.entries()) {
    const before = lines[index - 1];
    if (before && line.sequence !== before.sequence + 1) from = index;
  }
  return lines.slice(from);
}
