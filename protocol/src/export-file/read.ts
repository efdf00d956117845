/**
 * Reads a file of `bulkhead export` as it comes, holding one piece of it at a time. Only the one form that the writer has is
 * taken: links, devices, `..`, other names, names twice, wrong order and sizes beyond the bounds have no way in.
 */
import { type ByteReader, byteReader, isZero } from "../archive/byte-reader.ts";
import { blockBytes, decodeHeader, padded } from "../archive/ustar.ts";
import { BulkheadError } from "../errors.ts";
import { comparePosition, type ExportPart, partAt } from "./layout.ts";

/** A part, whose content has to be read, or is passed over, before the next comes. */
export type ExportEntry = ExportPart & { readonly sizeBytes: number; readonly content: AsyncGenerator<Buffer> };

const pieceBytes = 64 * 1024;
/** All blobs of a release and its base system; more has no device room for. */
const maxBytes = 16 * 1024 * 1024 * 1024;
/** Roots, lists, documents, and a system of a thousand artifacts. */
const maxEntries = 4096;

/** Throws EXPORT_INVALID, saying what is wrong and where; so do the contents. */
export async function* readExport(source: AsyncIterable<Uint8Array>): AsyncGenerator<ExportEntry> {
  const reader = byteReader(source, maxBytes);
  try {
    let last: ExportPart | undefined;
    for (let count = 0; ; count++) {
      const block = await explain(reader.exactly(blockBytes));
      if (last !== undefined && isZero(block)) break;
      const entry = await explain(readEntry(block, last));
      if (count === maxEntries) throw invalid(`it has more than ${maxEntries} parts`);
      last = entry;
      const content = contentOf(reader, entry.sizeBytes);
      yield { ...entry, content };
      // Whoever is not interested left it where it was.
      for await (const _ of content);
      const padding = await explain(reader.exactly(padded(entry.sizeBytes) - entry.sizeBytes));
      if (!isZero(padding)) throw invalid(`the padding of ${entry.name} is not empty`);
    }
    if (!isZero(await explain(reader.exactly(blockBytes)))) throw invalid("it does not end with two empty blocks");
  } finally {
    await reader.close();
  }
}

async function readEntry(block: Buffer, last: ExportPart | undefined): Promise<ExportPart & { sizeBytes: number }> {
  const { path, sizeBytes, executable } = decodeHeader(block);
  const part = partAt(path);
  if (part === undefined || executable) throw invalid(`${JSON.stringify(path)} has no place in it`);
  if (last === undefined ? part.kind !== "header" : comparePosition(last, part) >= 0) {
    throw invalid(`${path} stands out of order or twice`);
  }
  if (sizeBytes > part.maxBytes) throw invalid(`${path} has ${sizeBytes} bytes, of at most ${part.maxBytes}`);
  return { ...part, sizeBytes };
}

async function* contentOf(reader: ByteReader, sizeBytes: number): AsyncGenerator<Buffer> {
  for (let rest = sizeBytes; rest > 0; ) {
    const piece = await explain(reader.some(Math.min(rest, pieceBytes)));
    rest -= piece.length;
    yield piece;
  }
}

/** What an archive is refused for, in the words of this file. */
async function explain<T>(read: Promise<T>): Promise<T> {
  try {
    return await read;
  } catch (error) {
    throw error instanceof BulkheadError && error.code === "RELEASE_INVALID" ? invalid(error.message, error) : error;
  }
}

function invalid(what: string, cause?: unknown): BulkheadError {
  return new BulkheadError("EXPORT_INVALID", `the file is no export of a release: ${what}`, {
    cause,
    remedy: "copy it again; if it happens again, export the release again",
  });
}
