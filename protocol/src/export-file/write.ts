/** The bytes of a file of `bulkhead export`, in the one order that readers take. */
import { blockBytes, encodeHeader, padded } from "../archive/ustar.ts";
import { canonicalJson } from "../canonical-json.ts";
import { comparePosition, type ExportHeader, type ExportPart, exportHeaderName, partAt } from "./layout.ts";

/** What is to go into a file: the path, how long it is, and its bytes when they are wanted. */
export type ExportSource = {
  readonly path: string;
  readonly sizeBytes: number;
  readonly content: () => AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
};

/** Throws TypeError where a part has no place in such a file, stands in it twice or is not as long as was said: the caller's fault. */
export async function* writeExport(header: ExportHeader, sources: readonly ExportSource[]): AsyncGenerator<Uint8Array> {
  const text = Buffer.from(canonicalJson(header));
  const first = { path: exportHeaderName, sizeBytes: text.length, content: () => [text] };
  const placed = [first, ...sources].map((source) => ({ source, part: placeOf(source) }));
  placed.sort((one, other) => comparePosition(one.part, other.part));
  for (const [index, { source, part }] of placed.entries()) {
    const before = placed[index - 1];
    if (before && comparePosition(before.part, part) === 0) throw new TypeError(`${source.path} is there twice`);
    yield encodeHeader({ path: source.path, sizeBytes: source.sizeBytes, executable: false });
    let length = 0;
    for await (const piece of source.content()) {
      length += piece.length;
      yield piece;
    }
    if (length !== source.sizeBytes) throw new TypeError(`${source.path} has ${length} bytes, not ${source.sizeBytes}`);
    yield Buffer.alloc(padded(length) - length);
  }
  yield Buffer.alloc(2 * blockBytes);
}

function placeOf({ path }: ExportSource): ExportPart {
  const part = partAt(path);
  if (part) return part;
  throw new TypeError(`${path} has no place in an export`);
}
