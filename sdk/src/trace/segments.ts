/**
 * Lines in a directory of bounded size, the oldest overwritten: two files that are filled in turn. What was appended is
 * there for a reader whatever becomes of the writer, for it lies in the kernel's memory (a tmpfs) and not in its own.
 */
import { closeSync, constants, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { withBoundedFile } from "./bounded-file.ts";

export type Segments = {
  append(line: string): void;
  close(): void;
};

const names = ["0", "1"] as const;
const starting = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW;

/** Goes on after what an earlier writer left. Both files together never exceed `maxBytes`. */
export function openSegments(directory: string, maxBytes: number): Segments {
  const limit = Math.floor(maxBytes / 2);
  let number = Math.max(0, ...readAll(directory, maxBytes, { bytes: 0, lines: 0 }).map((segment) => segment.number));
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

/** What a reader takes of a ring that others write: the newest. */
export type ReadLimits = { readonly bytes: number; readonly lines: number };

/**
 * The lines, oldest first; with `limits` the newest. Believes nothing: what is no such directory, or too large for one,
 * gives no lines.
 */
export function readSegments(
  directory: string,
  maxBytes: number,
  limits: ReadLimits = { bytes: maxBytes, lines: Number.POSITIVE_INFINITY },
): string[] {
  return readAll(directory, maxBytes, limits)
    .sort((one, other) => one.number - other.number)
    .flatMap(({ lines }) => lines);
}

type Segment = { readonly number: number; readonly lines: string[] };

/** Longer than any number. */
const headerBytes = 32;

function readAll(directory: string, maxBytes: number, limits: ReadLimits): Segment[] {
  return names.flatMap((name): Segment[] => {
    const found = withBoundedFile(join(directory, name), maxBytes, (file): Segment | undefined => {
      const [, number] = /^([1-9]\d{0,14})\n/.exec(file.read(0, headerBytes).toString("latin1")) ?? [];
      if (number === undefined) return undefined;
      const from = Math.max(number.length + 1, file.sizeBytes - limits.bytes);
      const text = file.read(from, Math.max(0, file.sizeBytes - from)).toString("utf8");
      const isCut = from > number.length + 1;
      return { number: Number(number), lines: newestLines(text, isCut, limits.lines) };
    });
    return found ? [found] : [];
  });
}

/** From the end, because there may be a line for each byte. What follows the last line end is a line that was being written. */
function newestLines(text: string, isCut: boolean, most: number): string[] {
  const lines: string[] = [];
  for (let end = text.lastIndexOf("\n"); end >= 0 && lines.length < most; ) {
    const before = end === 0 ? -1 : text.lastIndexOf("\n", end - 1);
    if (before < 0 && isCut) break;
    lines.push(text.slice(before + 1, end));
    end = before;
  }
  return lines.reverse();
}
