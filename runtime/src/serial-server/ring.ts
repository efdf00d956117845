/** The ring: the last lines of the whole device, bounded by lines and by bytes, numbered for ever upwards. */
import type { LogLine } from "@bulkhead/protocol";

export type RingLimits = {
  readonly lines: number;
  /** Of text, as UTF-8. */
  readonly bytes: number;
};
/** Some minutes of a talkative device, and a small part of what the serial server may use. */
export const ringLimits: RingLimits = { lines: 10_000, bytes: 4 * 1024 * 1024 };
/** A frame holds 1 MiB; JSON-like overhead and other fields of 500 lines fit into the other half. */
export const maxReadBytes = 512 * 1024;

export type NewLine = Omit<LogLine, "sequence">;
export type Ring = {
  /** Appends a line and answers its number. */
  append: (line: NewLine) => number;
  /** At most `limit` lines after number `after` (-1: the oldest kept); `dropped` were thrown away before the first. */
  read: (after: number, limit: number) => { lines: LogLine[]; dropped: number };
  /** The last lines of one component, at most `limit`, oldest first. */
  lastOf: (component: string, limit: number) => LogLine[];
};

/**
 * A ring that goes on after the lines of an `earlier` one, or an empty one whose first line gets the number `newSequence`. A reader with a number from before that (another
 * ring's) gets everything from the oldest line on.
 */
export function createRing(
  newSequence: number,
  limits: RingLimits = ringLimits,
  earlier: readonly LogLine[] = [],
): Ring {
  const kept: LogLine[] = [...earlier];
  const firstSequence = earlier[0]?.sequence ?? newSequence;
  // Index of the oldest line in `kept`: shifting an array of thousands for each line would cost more than the line.
  let head = 0;
  let bytes = earlier.reduce((sum, line) => sum + sizeBytes(line), 0);
  let next = firstSequence + earlier.length;

  function dropOldest(): void {
    const oldest = kept[head];
    if (oldest === undefined) return;
    bytes -= sizeBytes(oldest);
    head += 1;
    if (head >= 1024 && head * 2 >= kept.length) {
      kept.splice(0, head);
      head = 0;
    }
  }

  return {
    append(line) {
      const numbered = { sequence: next, ...line };
      kept.push(numbered);
      bytes += sizeBytes(numbered);
      next += 1;
      while (kept.length - head > limits.lines || bytes > limits.bytes) dropOldest();
      return numbered.sequence;
    },
    lastOf(component, limit) {
      const found: LogLine[] = [];
      for (let index = kept.length - 1; index >= head && found.length < limit; index--) {
        const line = kept[index];
        if (line?.component === component) found.push(line);
      }
      return found.reverse();
    },
    read(after, limit) {
      const oldest = next - (kept.length - head);
      const from = Math.min(Math.max(after + 1, oldest), next);
      const candidates = kept.slice(head + (from - oldest), head + (from - oldest) + limit);
      return {
        lines: withinBytes(candidates),
        dropped: Math.max(0, from - Math.max(after + 1, firstSequence)),
      };
    },
  };
}

function withinBytes(lines: LogLine[]): LogLine[] {
  let total = 0;
  const end = lines.findIndex((line) => {
    total += sizeBytes(line);
    return total > maxReadBytes;
  });
  return end === -1 ? lines : lines.slice(0, end);
}

// 100: about what the other fields of a line take in a frame.
function sizeBytes(line: LogLine): number {
  return Buffer.byteLength(line.text) + 100;
}
