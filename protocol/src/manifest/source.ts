/**
 * Reads YAML 1.2 into plain data and remembers where each key and value stands, so that every later error can point at
 * it. Anchors, aliases, tags and merge keys are refused: a manifest says everything where it is read.
 */
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, type Pair, parseDocument } from "yaml";
import type { Json } from "../canonical-json.ts";
import { BulkheadError, type Place } from "../errors.ts";

/** A manifest of a large machine has some hundred lines; what is larger than this is a mistake or an attack. */
export const maxManifestBytes = 256 * 1024;
const maxDepth = 32;
/** RFC 8785, section 3.2.2.2: canonical JSON holds none. */
const halfPair = /\p{Surrogate}/u;

export type Path = readonly (string | number)[];

export type Source = {
  readonly file: string;
  readonly data: Json;
  /** Place of the value at `path`, or of the nearest thing around it that the file holds. */
  readonly placeOf: (path: Path) => Place;
  /** Place of the key at `path`; of the value where it is an element of a list. */
  readonly keyPlaceOf: (path: Path) => Place;
};

/** Parses `text`. Throws MANIFEST_SYNTAX with the place; never anything else. */
export function readSource(text: string, file: string): Source {
  if (text.length > maxManifestBytes) {
    const message = `the file has more than ${maxManifestBytes / 1024} KiB`;
    throw new BulkheadError("MANIFEST_SYNTAX", message, { place: { file, line: 1, column: 1 } });
  }
  const lines = new LineCounter();
  const root = parseYaml(text, file, lines);
  const values = new Map<string, number>();
  const keys = new Map<string, number>();
  const place = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const walker = { values, keys, place };
  const data = root === null ? null : readNode(root, [], walker);
  return {
    file,
    data,
    placeOf: (path) => place(nearest(values, path)),
    keyPlaceOf: (path) => place(keys.get(pathKey(path)) ?? nearest(values, path)),
  };
}

// Where the library's words are about the library.
const ownWords: Readonly<Record<string, string>> = {
  DUPLICATE_KEY: "this key stands here a second time",
  MULTIPLE_DOCS: "a second YAML document begins here, and a manifest is one",
};

type Walker = { values: Map<string, number>; keys: Map<string, number>; place: (offset: number) => Place };

function parseYaml(text: string, file: string, lineCounter: LineCounter): Node | null {
  try {
    const document = parseDocument(text, {
      version: "1.2",
      schema: "core",
      uniqueKeys: true,
      merge: false,
      lineCounter,
    });
    const [problem] = document.errors;
    if (problem) {
      const { line, col } = lineCounter.linePos(problem.pos[0]);
      throw syntax(ownWords[problem.code] ?? firstLine(problem.message), {
        file,
        line: Math.max(line, 1),
        column: Math.max(col, 1),
      });
    }
    return document.contents;
  } catch (cause) {
    if (cause instanceof BulkheadError) throw cause;
    // The YAML library recurses: what nests too deep ends in a RangeError of the stack.
    throw syntax("the file cannot be read as YAML; it may nest too deeply", { file, line: 1, column: 1 }, cause);
  }
}

function readNode(node: Node | null, path: Path, walker: Walker): Json {
  const offset = node?.range?.[0];
  if (offset !== undefined) walker.values.set(pathKey(path), offset);
  const place = walker.place(offset ?? nearest(walker.values, path));
  if (path.length > maxDepth) throw syntax(`more than ${maxDepth} levels of nesting`, place);
  if (node === null) return null;
  if (isAlias(node)) throw plain("an alias", place);
  if ("anchor" in node && node.anchor) throw plain("an anchor", place);
  if (node.tag && !node.tag.startsWith("tag:yaml.org,2002:")) throw plain("a tag", place);
  if (isMap(node)) return readMap(node.items as Pair[], path, walker);
  if (isSeq(node)) return node.items.map((item, index) => readNode(item as Node, [...path, index], walker));
  if (isScalar(node)) return readScalar(node.value, place);
  throw syntax("something that is no value", place);
}

function readMap(pairs: readonly Pair[], path: Path, walker: Walker): Json {
  const entries: [string, Json][] = [];
  for (const { key, value } of pairs) {
    const offset = (key as Node | null)?.range?.[0];
    const place = walker.place(offset ?? nearest(walker.values, path));
    if (!isScalar(key) || typeof key.value !== "string") throw syntax("a key must be a plain word", place);
    if (key.anchor) throw plain("an anchor", place);
    if (halfPair.test(key.value)) throw syntax("half a surrogate pair is no character", place);
    // A member of this name would become the prototype of the object and disappear from sight.
    if (key.value === "__proto__") throw syntax("the key __proto__ cannot be used", place);
    const below = [...path, key.value];
    if (offset !== undefined) walker.keys.set(pathKey(below), offset);
    entries.push([key.value, readNode(value as Node | null, below, walker)]);
  }
  return Object.fromEntries(entries);
}

function readScalar(value: unknown, place: Place): Json {
  if (typeof value === "string" && halfPair.test(value)) throw syntax("half a surrogate pair is no character", place);
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number") return value;
  throw syntax("a value must be text, a number, true, false or null", place);
}

function nearest(offsets: ReadonlyMap<string, number>, path: Path): number {
  for (let length = path.length; length >= 0; length--) {
    const offset = offsets.get(pathKey(path.slice(0, length)));
    if (offset !== undefined) return offset;
  }
  return 0;
}

const pathKey = (path: Path): string => JSON.stringify(path);
const firstLine = (text: string): string => (text.split("\n")[0] ?? text).replace(/ at line \d+, column \d+:?$/, "");

function syntax(message: string, place: Place, cause?: unknown): BulkheadError {
  return new BulkheadError("MANIFEST_SYNTAX", message, { place, cause });
}

function plain(what: string, place: Place): BulkheadError {
  const remedy = "write the value out where it is used";
  return new BulkheadError("MANIFEST_SYNTAX", `${what} is not allowed in a manifest`, { place, remedy });
}
