/** A FAT file system of a folder's files: what every boot loader reads. */
import { createHash } from "node:crypto";
import { readdir, truncate, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Builder } from "../builder.ts";

/** Makes `<workDir>/<name>.fat` of the files in `<workDir>/<name>`. */
export async function makeFat(
  builder: Builder,
  workDir: string,
  fat: { name: string; label: string; sizeBytes: number; dateS: number },
): Promise<string> {
  const { name, label, sizeBytes, dateS } = fat;
  const file = join(workDir, `${name}.fat`);
  await writeFile(file, "");
  await truncate(file, sizeBytes);
  const id = createHash("sha256").update(label).digest("hex").slice(0, 8);
  await builder.run("mkfs.vfat", ["--invariant", "-i", id, "-n", label, `${name}.fat`]);
  for (const entry of (await readdir(join(workDir, name))).sort()) {
    await utimes(join(workDir, name, entry), dateS, dateS);
    await builder.run("mcopy", ["-m", "-i", `${name}.fat`, `${name}/${entry}`, "::"]);
  }
  return file;
}
