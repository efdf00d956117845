/** The segments of a store, oldest first: one that is written, older ones that are only read and removed as a whole. */
import type { OpenFile, StoreFiles } from "./files.ts";
import { type Entry, firstOf, nameOfSegment, parseSegment } from "./segment.ts";

/**
 * The bound is kept by dropping whole segments: this part of it. So all but an eighth of the bound is always there, and
 * the files are few.
 */
const segmentsPerBound = 8;

export type Segment = { readonly first: number; count: number; sizeBytes: number };

export type Segments = {
  /** The most that can be written at a time. */
  readonly maxBytes: number;
  oldest(): Segment | undefined;
  /** Number of the entry that comes next; undefined where there are no segments. */
  end(): number | undefined;
  hasRoomFor(sizeBytes: number): boolean;
  /** Resolves when the lines, entries from number `next` on, outlive a power cut. There must be room. */
  write(next: number, lines: readonly string[], sizeBytes: number): Promise<void>;
  /** All entries of the oldest; nothing is written to it from then on. */
  readOldest(): Promise<Entry[]>;
  removeOldest(): Promise<void>;
  /** Removes the newest where nothing is in it that was said to be stored. */
  removeEmpty(): Promise<void>;
  close(): Promise<void>;
};

/** Finds what is there; entries below `next` were read or dropped before the power went, and go. */
export async function openSegments(files: StoreFiles, boundBytes: number, next: number): Promise<Segments> {
  const segments = await findSegments(files, next);
  const maxBytes = Math.floor(boundBytes / segmentsPerBound);
  let written: { segment: Segment; file: OpenFile } | undefined;
  let cached: { segment: Segment; entries: Entry[] } | undefined;

  async function begin(first: number): Promise<{ segment: Segment; file: OpenFile }> {
    // One without entries has the name of the next: nothing is in it that somebody was promised.
    if (segments.at(-1)?.count === 0) segments.pop();
    const segment = { first, count: 0, sizeBytes: 0 };
    const file = await files.create(nameOfSegment(first));
    segments.push(segment);
    return { segment, file };
  }

  async function seal(): Promise<void> {
    const open = written;
    written = undefined;
    await open?.file.close();
  }

  async function entriesOf(segment: Segment): Promise<Entry[]> {
    if (cached?.segment !== segment || cached.entries.length !== segment.count) {
      const content = await files.read(nameOfSegment(segment.first));
      cached = { segment, entries: parseSegment(content).slice(0, segment.count) };
    }
    return cached.entries;
  }

  return {
    maxBytes,
    oldest: () => segments[0],
    end: () => endOf(segments.at(-1)),
    hasRoomFor: (bytes) => segments.reduce((total, { sizeBytes }) => total + sizeBytes, bytes) <= boundBytes,
    async write(next, lines, sizeBytes) {
      if (written && written.segment.sizeBytes + sizeBytes > maxBytes) await seal();
      written ??= await begin(next);
      const { segment, file } = written;
      // Also where it fails: nobody knows what of it is there.
      segment.sizeBytes += sizeBytes;
      try {
        await file.append(lines.join(""));
      } catch (error) {
        await seal().catch(() => undefined);
        throw error;
      }
      segment.count += lines.length;
    },
    async readOldest() {
      const oldest = segments[0];
      if (!oldest) return [];
      if (written?.segment === oldest) await seal();
      return entriesOf(oldest);
    },
    async removeOldest() {
      const oldest = segments[0];
      if (!oldest) return;
      if (written?.segment === oldest) await seal();
      await files.remove(nameOfSegment(oldest.first));
      segments.shift();
    },
    async removeEmpty() {
      const newest = segments.at(-1);
      if (newest?.count !== 0) return;
      await seal();
      await files.remove(nameOfSegment(newest.first));
      segments.pop();
    },
    close: seal,
  };
}

function endOf(segment: Segment | undefined): number | undefined {
  return segment && segment.first + segment.count;
}

async function findSegments(files: StoreFiles, next: number): Promise<Segment[]> {
  const found = (await files.list())
    .flatMap(({ name, sizeBytes }) => {
      const first = firstOf(name);
      return first === undefined ? [] : [{ name, first, sizeBytes }];
    })
    .sort((a, b) => a.first - b.first);
  const segments: Segment[] = [];
  for (const [index, { name, first, sizeBytes }] of found.entries()) {
    // What lies beyond the beginning of the next was never said to be stored, and came again.
    const room = (found[index + 1]?.first ?? Number.POSITIVE_INFINITY) - first;
    const count = Math.min(room, parseSegment(await files.read(name)).length);
    if (count === 0 || first + count <= next) await files.remove(name);
    else segments.push({ first, count, sizeBytes });
  }
  return segments;
}
