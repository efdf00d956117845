/** Which libraries a program needs, read from its file: a loader can list those of its own processor's programs alone. 64 bits, little-endian. */
import { access, readFile } from "node:fs/promises";
import { join } from "node:path";

const dynamicSegment = 2;
const loadSegment = 1;
const neededTag = 1n;
const stringTableTag = 5n;

/**
 * The files in `folder` that `program` and its libraries need, found by name as a loader would.
 *
 * @param {string} program @param {string} folder
 */
export async function librariesOf(program, folder) {
  /** @type {Set<string>} */
  const found = new Set();
  const open = [program];
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    for (const name of neededBy(await readFile(file))) {
      const library = join(folder, name);
      if (found.has(library)) continue;
      await access(library);
      found.add(library);
      open.push(library);
    }
  }
  return [...found];
}

/** @param {Buffer} file */
export function neededBy(file) {
  if (file.readUInt32BE(0) !== 0x7f454c46 || file[4] !== 2) throw new Error("no 64-bit ELF file");
  const segments = segmentsOf(file);
  const dynamic = segments.find(({ type }) => type === dynamicSegment);
  if (dynamic === undefined) return [];
  const entries = Array.from({ length: dynamic.size / 16 }, (_, index) => {
    const at = dynamic.offset + index * 16;
    return { tag: file.readBigUInt64LE(at), value: Number(file.readBigUInt64LE(at + 8)) };
  });
  const address = entries.find(({ tag }) => tag === stringTableTag)?.value ?? 0;
  // The table is told by where it will be in memory.
  const holder = segments.find(
    ({ type, virtual, size }) => type === loadSegment && address >= virtual && address < virtual + size,
  );
  const strings = address - (holder?.virtual ?? 0) + (holder?.offset ?? 0);
  return entries.filter(({ tag }) => tag === neededTag).map(({ value }) => textAt(file, strings + value));
}

/** @param {Buffer} file */
function segmentsOf(file) {
  const [table, size, count] = [Number(file.readBigUInt64LE(32)), file.readUInt16LE(54), file.readUInt16LE(56)];
  return Array.from({ length: count }, (_, index) => {
    const at = table + index * size;
    return {
      type: file.readUInt32LE(at),
      offset: Number(file.readBigUInt64LE(at + 8)),
      virtual: Number(file.readBigUInt64LE(at + 16)),
      size: Number(file.readBigUInt64LE(at + 32)),
    };
  });
}

/** @param {Buffer} file @param {number} from */
function textAt(file, from) {
  return file.toString("latin1", from, file.indexOf(0, from));
}
