/**
 * The file of a record: entries, each with a sum over itself and all before it, so that one that is missing, doubled or
 * altered is found. It is cut off at a bound; a replay needs its beginning, so it is the end that goes.
 */
import { closeSync, openSync, writeSync } from "node:fs";
import { BulkheadError, maxFrameBytes } from "@bulkhead/protocol";
import { builtin } from "../builtin.ts";
import { createFrameReader, encodeFrame } from "../codec.ts";
import type { Entry } from "./entry.ts";
import { entrySchema } from "./entry-schema.ts";

/** A frame of the greatest length, with what an entry adds. */
const maxEntryBytes = maxFrameBytes + 4096;
const fullEntryBytes = 64;

export type RecordFile = {
  /** Keeps an entry for the next `flush`. */
  append(entry: Entry): void;
  /** What was appended is in the kernel's hands: it is there whatever becomes of this process. */
  flush(): void;
  close(): void;
  readonly isOpen: boolean;
};

/** Begins a record in place of an older one. Readable by its owner only: it holds all that the component hears. */
export function createRecordFile(path: string, maxBytes: number): RecordFile {
  const { crc32 } = builtin("node:zlib");
  let file: number | undefined = openSync(path, "w", 0o600);
  let sum = 0;
  let bytes = 0;
  let waiting: Buffer[] = [];

  function add(entry: Entry, limit: number): boolean {
    const body = encodeFrame(entry, maxEntryBytes);
    const nextSum = crc32(body, sum);
    const framed = encodeFrame([nextSum, body], 2 * maxEntryBytes);
    if (bytes + framed.length > limit) return false;
    sum = nextSum;
    bytes += framed.length;
    waiting.push(framed);
    return true;
  }

  function close(): void {
    if (file === undefined) return;
    flush();
    if (file !== undefined) closeSync(file);
    file = undefined;
  }

  function flush(): void {
    if (file === undefined || waiting.length === 0) return;
    const chunk = Buffer.concat(waiting);
    waiting = [];
    try {
      for (let at = 0; at < chunk.length; ) at += writeSync(file, chunk, at);
    } catch {
      // A component must not fail because nobody has room for its record.
      closeSync(file);
      file = undefined;
    }
  }

  return {
    append(entry) {
      if (file === undefined) return;
      try {
        if (add(entry, maxBytes - fullEntryBytes)) return;
      } catch {
        // What cannot be written (a frame that is nested as deep as one may be) ends the record, never the component.
      }
      add(["full"], maxBytes);
      close();
    },
    flush,
    close,
    get isOpen() {
      return file !== undefined;
    },
  };
}

/**
 * The entries of a record.
 *
 * @throws BulkheadError RECORD_DAMAGED with the number of the first entry that is not whole
 */
export function readRecord(bytes: Uint8Array): Entry[] {
  const { crc32 } = builtin("node:zlib");
  const entries: Entry[] = [];
  let sum = 0;
  const reader = createFrameReader((message) => {
    const [expected, body] = Array.isArray(message) ? message : [];
    if (!(body instanceof Uint8Array)) throw new Error("it is no entry");
    sum = crc32(body, sum);
    if (sum !== expected) throw new Error("its sum is wrong");
    entries.push(parseEntry(body));
  }, 2 * maxEntryBytes);
  try {
    reader.push(bytes);
    if (reader.isPartial()) throw new Error("the file ends in the middle of it");
    if (entries[0]?.[0] !== "header") throw new Error("it is not the header of a record that this version reads");
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new BulkheadError("RECORD_DAMAGED", `entry ${entries.length} of the record is damaged: ${reason}`, {
      cause,
      remedy: "copy the file again, in binary, after the component has ended",
    });
  }
  return entries;
}

function parseEntry(body: Uint8Array): Entry {
  let entry: unknown;
  createFrameReader((message) => {
    entry = message;
  }, maxEntryBytes).push(body);
  const parsed = entrySchema.safeParse(entry);
  if (!parsed.success) throw new Error(`it is not an entry of format 1 (${parsed.error.issues[0]?.message})`);
  return parsed.data;
}
