/**
 * Lines in a directory of bounded size, the oldest overwritten: two files that are filled in turn. What was appended is
 * there for a reader whatever becomes of the writer, for it lies in the kernel's memory (a tmpfs) and not in its own.
 */
import { closeSync, constants, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { type BoundedFile, withBoundedFile } from "./bounded-file.ts";

export type Segments = {
  append(line: string): void;
  close(): void;
};

const names = ["0", "1"] as const;
/** Longer than any first line. */
const headerBytes = 64;
// A record of a component has its trace neither as an input nor as an output.
const readClock = process.hrtime.bigint;
const starting = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW;

/**
 * Goes on after what an earlier writer left. Both files together never exceed `maxBytes`. A file begins with a line of its
 * own: its number, how many lines were written before it, and the time in microseconds at which the first of all was begun.
 */
export function openSegments(directory: string, maxBytes: number): Segments {
  const limit = Math.floor(maxBytes / 2);
  const earlier = newestOf(directory, maxBytes);
  const ring = earlier && earlier.ring > 0 ? earlier.ring : Number(readClock() / 1000n);
  let number = earlier?.number ?? 0;
  let lines = earlier ? earlier.firstLine + countLines(earlier) : 0;
  let file = -1;
  let bytes = limit;

  function begin(): void {
    if (file >= 0) closeSync(file);
    number += 1;
    file = openSync(join(directory, names[number % 2] ?? "0"), starting, 0o644);
    bytes = writeSync(file, `${number} ${lines} ${ring}\n`);
  }

  return {
    append(line) {
      const size = Buffer.byteLength(line) + 1;
      if (size > limit - headerBytes) return;
      if (bytes + size > limit) begin();
      bytes += writeSync(file, `${line}\n`);
      lines += 1;
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

function readAll(directory: string, maxBytes: number, limits: ReadLimits): Segment[] {
  return names.flatMap((name): Segment[] => {
    const found = withBoundedFile(join(directory, name), maxBytes, (file): Segment | undefined => {
      const header = headerOf(file);
      if (header === undefined) return undefined;
      const from = Math.max(header.sizeBytes, file.sizeBytes - limits.bytes);
      const text = file.read(from, Math.max(0, file.sizeBytes - from)).toString("utf8");
      const isCut = from > header.sizeBytes;
      return { number: header.number, lines: newestLines(text, isCut, limits.lines) };
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

type Header = {
  readonly number: number;
  readonly firstLine: number;
  /** 0: of a writer that did not say. */
  readonly ring: number;
  readonly sizeBytes: number;
};

function headerOf(file: BoundedFile): Header | undefined {
  const text = file.read(0, headerBytes).toString("latin1");
  const [whole, number, firstLine, ring] = /^([1-9]\d{0,14})(?: (\d{1,15}) (\d{1,15}))?\n/.exec(text) ?? [];
  if (whole === undefined) return undefined;
  return {
    number: Number(number),
    firstLine: Number(firstLine ?? 0),
    ring: Number(ring ?? 0),
    sizeBytes: whole.length,
  };
}

type Found = Header & { readonly path: string; readonly endBytes: number };

function findFiles(directory: string, maxBytes: number): Found[] {
  return names
    .flatMap((name): Found[] => {
      const path = join(directory, name);
      const found = withBoundedFile(path, maxBytes, (file): Found | undefined => {
        const header = headerOf(file);
        return header && { ...header, path, endBytes: file.sizeBytes };
      });
      return found ? [found] : [];
    })
    .sort((one, other) => one.number - other.number);
}

const newestOf = (directory: string, maxBytes: number): Found | undefined => findFiles(directory, maxBytes).at(-1);

function countLines({ path, sizeBytes, endBytes }: Found): number {
  const bytes = withBoundedFile(path, endBytes, (file) => file.read(sizeBytes, endBytes - sizeBytes));
  return bytes?.reduce((sum, byte) => sum + (byte === lineEnd ? 1 : 0), 0) ?? 0;
}

const lineEnd = 10;

/** A place in a ring: see protocol/src/trace.ts. */
export type RingPosition = {
  readonly ring: number;
  readonly segment: number;
  readonly offset: number;
  readonly line: number;
};
export type RingNews = {
  /** Oldest first, the first of them being line `first` of the ring. */
  readonly lines: readonly string[];
  readonly first: number;
  /** Overwritten between the position and the first. */
  readonly missed: number;
  readonly next: RingPosition;
};

/**
 * What was written after `after`, of one file of the ring: who wants the next comes again. Undefined where there is nothing.
 * Takes no more than `limits`, whatever is there.
 */
export function readNews(
  directory: string,
  maxBytes: number,
  after: RingPosition | undefined,
  limits: ReadLimits,
): RingNews | undefined {
  const files = findFiles(directory, maxBytes).filter(({ ring }) => ring > 0);
  const ring = files.at(-1)?.ring;
  const from = after?.ring === ring ? after : undefined;
  for (const file of files) {
    if (file.ring !== ring || (from && file.number < from.segment)) continue;
    const isSame = from?.segment === file.number;
    const start = isSame ? from.offset : file.sizeBytes;
    const { lines, sizeBytes } = linesFrom(file, start, limits);
    // Of a file that is full the rest may be a line that nobody finished.
    if (lines.length === 0) continue;
    const first = isSame ? from.line : file.firstLine;
    const next = { ring: file.ring, segment: file.number, offset: start + sizeBytes, line: first + lines.length };
    return { lines, first, missed: Math.max(0, first - (from?.line ?? 0)), next };
  }
  return undefined;
}

function linesFrom(file: Found, start: number, limits: ReadLimits): { lines: string[]; sizeBytes: number } {
  if (start >= file.endBytes) return { lines: [], sizeBytes: 0 };
  // It grows while it is read; what it had is enough.
  const bytes = withBoundedFile(file.path, Number.MAX_SAFE_INTEGER, (open) =>
    // The writer may have begun this file anew meanwhile.
    headerOf(open)?.number === file.number
      ? open.read(start, Math.min(limits.bytes, file.endBytes - start))
      : undefined,
  );
  return bytes ? oldestLines(bytes, limits.lines) : { lines: [], sizeBytes: 0 };
}

function oldestLines(bytes: Buffer, most: number): { lines: string[]; sizeBytes: number } {
  const lines: string[] = [];
  let from = 0;
  for (let end = bytes.indexOf(lineEnd); end >= 0 && lines.length < most; end = bytes.indexOf(lineEnd, from)) {
    lines.push(bytes.toString("utf8", from, end));
    from = end + 1;
  }
  return { lines, sizeBytes: from };
}
