/** What a tree holds: its regular files in canonical order. Anything else in it is an error, never skipped. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { BulkheadError, checkPath } from "@bulkhead/protocol";
import { maxTreeFiles } from "./bounds.ts";

/**
 * Paths of all files below `directory`, sorted by byte. Throws RELEASE_INVALID for links, devices, sockets, empty
 * directories (an archive of files could not bring them back), bad names and too many files.
 */
export async function listFiles(directory: string): Promise<string[]> {
  const files: string[] = [];
  await collect(directory, "", files);
  return files.sort(byBytes);
}

/** Order of paths. They are ASCII, so code units are bytes. */
export function byBytes(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

async function collect(root: string, prefix: string, files: string[]): Promise<void> {
  const entries = await readdir(join(root, prefix), { withFileTypes: true });
  if (entries.length === 0) throw invalid(`${prefix || "the tree"} is an empty directory`);
  for (const entry of entries) {
    const path = prefix ? `${prefix}/${entry.name}` : entry.name;
    checkPath(path);
    if (entry.isDirectory()) await collect(root, path, files);
    else if (entry.isFile()) files.push(path);
    else throw invalid(`${path} is neither a file nor a directory`);
    if (files.length > maxTreeFiles) throw invalid(`the tree has more than ${maxTreeFiles} files`);
  }
}

function invalid(what: string): BulkheadError {
  return new BulkheadError("RELEASE_INVALID", what, { remedy: "keep only files and non-empty directories in it" });
}
