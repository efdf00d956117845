/**
 * The log of a component: one line of text on standard output, which the serial server reads. It never throws and never
 * waits: when nobody reads, lines are dropped and counted.
 */
import type { Writable } from "node:stream";

/** The console keeps lines of at most this length (protocol/src/status.ts, logLineSchema). */
const maxLineLength = 4096;
const maxQueuedBytes = 64 * 1024;

export type LogFields = Readonly<Record<string, unknown>>;
type Write = (text: string, fields?: LogFields) => void;
export type Log = { readonly debug: Write; readonly info: Write; readonly warn: Write; readonly error: Write };

/** A log that hands each finished line to `writeLine`; `standardLog` is the usual one. */
export function createLog(writeLine: (line: string) => void): Log {
  const write =
    (level: string): Write =>
    (text, fields) => {
      try {
        writeLine(formatLine(level, text, fields));
      } catch {
        // A log that fails must not take its component along.
      }
    };
  return { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") };
}

/**
 * A log on `stream` (standard output) that drops lines, and says how many, rather than queue without end. `mark` hears of
 * each line.
 */
export function streamLog(stream: Writable, mark: (line: string) => void = () => undefined): Log {
  let dropped = 0;
  stream.on("error", () => {}); // The reader went away: nothing to tell it to.
  return createLog((line) => {
    mark(line);
    if (stream.writableLength > maxQueuedBytes) {
      dropped++;
      return;
    }
    if (dropped > 0) stream.write(`warn ${dropped} lines of this log were dropped, nobody read them\n`);
    dropped = 0;
    stream.write(`${line}\n`);
  });
}

/** `level text {"k":1}` on one line of at most 4096 characters. */
export function formatLine(level: string, text: string, fields?: LogFields): string {
  const line = `${level} ${text}${fields ? ` ${formatFields(fields)}` : ""}`.replaceAll("\n", "\\n");
  return line.length <= maxLineLength ? line : `${line.slice(0, maxLineLength - 1)}…`;
}

function formatFields(fields: LogFields): string {
  try {
    return JSON.stringify(fields, (_key, value: unknown) => {
      if (typeof value === "bigint") return String(value);
      if (value instanceof Error) return value.message;
      return value;
    });
  } catch {
    return '{"fields":"cannot be shown"}';
  }
}
