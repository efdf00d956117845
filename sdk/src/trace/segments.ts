/**
 * Lines in a directory of bounded size, the oldest overwritten: two files that are filled in turn. What was appended is
 * there for a reader whatever becomes of the writer, for it lies in the kernel's memory (a tmpfs) and not in its own.
 */
import { closeSync, constants, fstatSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";

export type Segments = {
  append(line: string): void;
  close(): void;
};

const names = ["0", "1"] as const;
const reading = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const starting = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW;

/** Goes on after what an earlier writer left. Both files together never exceed `maxBytes`. */
export function openSegments(directory: string, maxBytes: number): Segments {
  const limit = Math.floor(maxBytes / 2);
  let number = Math.max(0, ...readAll(directory, maxBytes).map((segment) => segment.number));
  let file = -1;
  let bytes = limit;

  function begin(): void {
    if (file >= 0) closeSync(file);
    number += 1;
    file = openSync(join(directory, names[number % 2] ?? "0"), starting, 0o644);
    bytes = writeSync(file, `${number}\n`);
  }

  return {
    append(line) {
      const size = Buffer.byteLength(line) + 1;
      if (size > limit - 32) return;
      if (bytes + size > limit) begin();
      bytes += writeSync(file, `${line}\n`);
    },
    close() {
      if (file >= 0) closeSync(file);
      file = -1;
      bytes = limit;
    },
  };
}

/** All lines, oldest first. Believes nothing: what is no such directory, or too large for one, gives no lines. */
export function readSegments(directory: string, maxBytes: number): string[] {
  return readAll(directory, maxBytes)
    .sort((one, other) => one.number - other.number)
    .flatMap(({ lines }) => lines);
}

type Segment = { readonly number: number; readonly lines: string[] };

function readAll(directory: string, maxBytes: number): Segment[] {
  return names.flatMap((name): Segment[] => {
    const text = readBounded(join(directory, name), maxBytes);
    // The last part is what follows the last line end: nothing, or a line that was being written.
    const [header = "", ...lines] = text.split("\n").slice(0, -1);
    return /^[1-9]\d{0,14}$/.test(header) ? [{ number: Number(header), lines }] : [];
  });
}

function readBounded(path: string, maxBytes: number): string {
  let file: number;
  try {
    file = openSync(path, reading);
  } catch {
    return "";
  }
  try {
    const status = fstatSync(file);
    return status.isFile() && status.size <= maxBytes ? readFileSync(file, "utf8") : "";
  } catch {
    return "";
  } finally {
    closeSync(file);
  }
}
