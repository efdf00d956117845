/** A folder as entries of an archive, in an order that does not depend on the file system. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";
import type { ArchiveEntry } from "./cpio.ts";

/** Directories before what is in them. Throws BUILD_FAILED for what is neither file nor directory. */
export async function readTree(root: string, below = ""): Promise<ArchiveEntry[]> {
  const entries = await readdir(join(root, below), { withFileTypes: true }).catch((cause: unknown) => {
    throw new BulkheadError("BUILD_FAILED", `${root} cannot be read`, { cause });
  });
  const sorted = entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  const lists = await Promise.all(
    sorted.map(async (entry): Promise<ArchiveEntry[]> => {
      const path = join(below, entry.name);
      if (entry.isDirectory()) return [{ path, content: null }, ...(await readTree(root, path))];
      if (entry.isFile()) return [{ path, content: await readFile(join(root, path)) }];
      throw new BulkheadError("BUILD_FAILED", `${join(root, path)} is neither a file nor a directory`);
    }),
  );
  return lists.flat();
}
