/**
 * What a power cut at this moment may leave, as a numbered list: number 0 keeps nothing that was not synced, the last one
 * all of it, and between them is every mixture of names, versions and torn contents.
 */
import type { Content, DirectoryNode, DiskNode, FileNode, NameVersion } from "./model.ts";

/** A file that has two names is one object under both. */
export type Tree = Map<string, Tree | Content>;

export type Remains = {
  /** Some of them are the same, and some are nothing. */
  readonly count: bigint;
  /** The one of this number; undefined where a rename would have lost both of its names, or kept both of a directory. */
  at(number: bigint): Tree | undefined;
};

/** A disk writes whole ones of these. Most files of the tests are smaller, and are torn in their middle. */
const blockBytes = 4096;

/** Of the disk as it is now: to be used before it changes. */
export function remainsOf(root: DirectoryNode): Remains {
  const counts = new Map<DiskNode, bigint>();
  const contents = new Map<FileNode, readonly Content[]>();

  function contentsIn(file: FileNode): readonly Content[] {
    const found = contents.get(file) ?? contentsOf(file);
    contents.set(file, found);
    return found;
  }

  function count(node: DiskNode | null): bigint {
    if (!node) return 1n;
    const known = counts.get(node);
    if (known !== undefined) return known;
    const lists = node.kind === "file" ? [] : [...node.names.values()];
    const own = node.kind === "file" ? BigInt(contentsIn(node).length) : 1n;
    const all = lists.reduce((product, versions) => product * countVersions(versions), own);
    counts.set(node, all);
    return all;
  }

  function countVersions(versions: readonly NameVersion[]): bigint {
    return versions.reduce((sum, { node }) => sum + count(node), 0n);
  }

  function pickDirectory(directory: DirectoryNode, number: bigint, files: Map<FileNode, Content>): Tree | undefined {
    const tree: Tree = new Map();
    const picked = new Map<string, NameVersion>();
    let rest = number;
    for (const [name, versions] of directory.names) {
      const radix = countVersions(versions);
      const { version, index } = pickVersion(versions, rest % radix);
      rest /= radix;
      picked.set(name, version);
      const found = version.node && pick(version.node, index, files);
      if (found === undefined) return undefined;
      if (found) tree.set(name, found);
    }
    return [...picked.values()].every((version) => canBe(directory, version, picked)) ? tree : undefined;
  }

  function pickVersion(versions: readonly [NameVersion, ...NameVersion[]], number: bigint) {
    let index = number;
    for (const version of versions) {
      const own = count(version.node);
      if (index < own) return { version, index };
      index -= own;
    }
    throw new Error("a number beyond the count");
  }

  function pick(node: DiskNode, number: bigint, files: Map<FileNode, Content>): Tree | Content | undefined {
    if (node.kind === "directory") return pickDirectory(node, number, files);
    // Under a second name it has the content that it has under the first.
    const content = files.get(node) ?? contentsIn(node)[Number(number)];
    if (content) files.set(node, content);
    return content;
  }

  return { count: count(root), at: (number) => pickDirectory(root, number, new Map()) };
}

function canBe(directory: DirectoryNode, version: NameVersion, picked: ReadonlyMap<string, NameVersion>): boolean {
  const { movedTo, movedFrom } = version;
  if (movedFrom && picked.get(movedFrom.name)?.node === movedFrom.node) return false;
  if (!movedTo) return true;
  const other = picked.get(movedTo.name);
  if (!other) return true;
  const versions: readonly NameVersion[] = directory.names.get(movedTo.name) ?? [];
  return versions.indexOf(other) >= versions.indexOf(movedTo.version);
}

/** Every content that a cut may leave of a file; what everybody sees now comes last. */
export function contentsOf({ versions, safeBytes }: FileNode): Content[] {
  const [safe] = versions;
  const last = versions.at(-1) ?? safe;
  if (versions.length === 1) return [last];
  // What the file had all the time it still has: a partition does not become shorter.
  const before = safe.bytes.subarray(0, Math.min(...versions.map(({ bytes }) => bytes.length)));
  const modeLost = last.mode === safe.mode ? [] : [{ ...last, mode: safe.mode }];
  return [...versions.slice(0, -1), ...tornFrom(last, safeBytes, before), ...modeLost, last];
}

function tornFrom({ bytes, mode }: Content, safeBytes: number, before: Buffer): Content[] {
  const size = bytes.length;
  if (size === safeBytes) return [];
  const torn = [unwritten(bytes, before, safeBytes, size)];
  for (const cut of cutsOf(safeBytes, size)) {
    if (cut >= before.length) torn.push(bytes.subarray(0, cut));
    torn.push(unwritten(bytes, before, cut, size), unwritten(bytes, before, safeBytes, cut));
  }
  return torn.map((some) => ({ bytes: some, mode }));
}

function cutsOf(from: number, to: number): number[] {
  const cuts: number[] = [];
  for (let at = (Math.floor(from / blockBytes) + 1) * blockBytes; at < to; at += blockBytes) cuts.push(at);
  return cuts.length > 0 ? cuts : [from + Math.ceil((to - from) / 2)];
}

/** Blocks whose place in the file was written down, and their content not: they hold what they held, or nothing where they are new. */
function unwritten(bytes: Buffer, before: Buffer, from: number, to: number): Buffer {
  const torn = Buffer.from(bytes).fill(0, from, to);
  before.subarray(from, to).copy(torn, from);
  return torn;
}
