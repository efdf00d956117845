/** Between directories of this machine and the model: what is there becomes safe, what a cut left becomes a directory. */
import { createHash } from "node:crypto";
import { link, lstat, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Content, type DirectoryNode, emptyDirectory, safeFile, setName, sync } from "./model.ts";
import type { Tree } from "./remains.ts";

/** The directory as a disk that was synced as a whole. */
export async function readDisk(directory: string): Promise<DirectoryNode> {
  const node = emptyDirectory();
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (!entry.isDirectory() && !entry.isFile()) throw new Error(`${path} is nothing that the model of a disk has`);
    const { mode } = await lstat(path);
    const content = async () => safeFile({ bytes: await readFile(path), mode: mode & 0o7777 });
    setName(node, entry.name, entry.isDirectory() ? await readDisk(path) : await content());
  }
  sync(node);
  return node;
}

/** Makes `directory` what a cut has left. */
export async function writeTree(tree: Tree, directory: string, files = new Map<Content, string>()): Promise<void> {
  await mkdir(directory);
  for (const [name, found] of tree) {
    const path = join(directory, name);
    const first = found instanceof Map ? undefined : files.get(found);
    if (found instanceof Map) await writeTree(found, path, files);
    else if (first !== undefined) await link(first, path);
    else {
      await writeFile(path, found.bytes, { mode: found.mode });
      files.set(found, path);
    }
  }
}

/** The same for what is the same. */
export function digestOf(tree: Tree): string {
  const hash = createHash("sha256");
  const files = new Map<Content, number>();
  function add(part: Tree, path: string): void {
    for (const name of [...part.keys()].sort()) {
      const found = part.get(name);
      if (found instanceof Map) {
        hash.update(`directory ${path}/${name}\0`);
        add(found, `${path}/${name}`);
      } else if (found) {
        if (!files.has(found)) files.set(found, files.size);
        hash
          .update(`file ${path}/${name} ${found.mode} ${files.get(found)} ${found.bytes.length}\0`)
          .update(found.bytes);
      }
    }
  }
  add(tree, "");
  return hash.digest("hex");
}
