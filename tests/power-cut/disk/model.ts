/**
 * What a kernel owes nobody. A disk as POSIX describes it: a file's content is safe after an fsync of the file, a name after
 * one of its directory, and of everything else a power cut may keep any part, in any order.
 */

export type Content = { readonly bytes: Buffer; readonly mode: number };

/** Of what was not synced each version may be what a cut leaves: the first is safe, the last is what everybody sees. */
export type FileNode = {
  readonly kind: "file";
  versions: [Content, ...Content[]];
  /** So many bytes from the beginning were not written since the last sync: they cannot tear. */
  safeBytes: number;
};

export type NameVersion = {
  readonly node: DiskNode | null;
  /** By a rename: this name has gone, so the other one is there (a cut never loses both). */
  readonly movedTo?: { readonly name: string; readonly version: NameVersion };
  /** By a rename of a directory, which never has two names: this name is there, so the other one has gone. */
  readonly movedFrom?: { readonly name: string; readonly node: DiskNode };
};

export type DirectoryNode = {
  readonly kind: "directory";
  readonly names: Map<string, [NameVersion, ...NameVersion[]]>;
};

export type DiskNode = FileNode | DirectoryNode;

export function emptyDirectory(): DirectoryNode {
  return { kind: "directory", names: new Map() };
}

export function safeFile(content: Content): FileNode {
  return { kind: "file", versions: [content], safeBytes: content.bytes.length };
}

export function seen(file: FileNode): Content {
  return file.versions.at(-1) ?? file.versions[0];
}

/** The node that `name` stands for now. */
export function lookUp(directory: DirectoryNode, name: string): DiskNode | null {
  return directory.names.get(name)?.at(-1)?.node ?? null;
}

export function write(file: FileNode, bytes: Buffer, at: number): void {
  const before = seen(file);
  const after = Buffer.alloc(Math.max(before.bytes.length, at + bytes.length));
  before.bytes.copy(after);
  bytes.copy(after, at);
  file.versions.push({ bytes: after, mode: before.mode });
  file.safeBytes = Math.min(file.safeBytes, at);
}

export function truncate(file: FileNode, sizeBytes: number): void {
  const { bytes, mode } = seen(file);
  const after = Buffer.alloc(sizeBytes);
  bytes.copy(after);
  file.versions.push({ bytes: after, mode });
  file.safeBytes = Math.min(file.safeBytes, sizeBytes);
}

export function changeMode(file: FileNode, mode: number): void {
  const { bytes, mode: before } = seen(file);
  if (mode !== before) file.versions.push({ bytes, mode });
}

export function setName(directory: DirectoryNode, name: string, node: DiskNode | null): void {
  push(directory, name, { node });
}

/** Within one directory: all that the product does. The new name is replaced at once; that the old one goes is another step. */
export function rename(directory: DirectoryNode, from: string, to: string): void {
  const node = lookUp(directory, from);
  if (!node) throw new Error(`there is no ${from} to rename`);
  const version: NameVersion = { node, ...(node.kind === "directory" && { movedFrom: { name: from, node } }) };
  push(directory, to, version);
  push(directory, from, { node: null, movedTo: { name: to, version } });
}

export function sync(node: DiskNode): void {
  if (node.kind === "file") {
    node.versions = [seen(node)];
    node.safeBytes = node.versions[0].bytes.length;
    return;
  }
  for (const [name, versions] of node.names) {
    const { node: last } = versions.at(-1) ?? versions[0];
    if (last) node.names.set(name, [{ node: last }]);
    else node.names.delete(name);
  }
}

function push(directory: DirectoryNode, name: string, version: NameVersion): void {
  const versions = directory.names.get(name);
  if (versions) versions.push(version);
  else directory.names.set(name, [{ node: null }, version]);
}
