/** Compiles the manifest of a file: the compiler itself touches no disk, this does. */
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";
import { type BoardText, type Compiled, compile } from "@bulkhead/protocol/manifest";
import { boardsDirectory } from "../locations.ts";

export type Loaded = { readonly compiled: Compiled; readonly directory: string };

/**
 * Reads and compiles `file`. Boards are looked for in `boards/` beside the manifest, in `boards/` beside its folder and among
 * those that come with Bulkhead. Throws FILE_UNREADABLE; everything wrong in the manifest is in `compiled`.
 */
export function loadManifest(file: string): Loaded {
  const directory = dirname(resolve(file));
  const compiled = compile(readText(file), {
    file,
    board: (name) => findBoard(name, directory),
    hasImage: (source, entries) => entries.some((entry) => existsSync(join(directory, source, entry))),
  });
  return { compiled, directory };
}

function findBoard(name: string, directory: string): BoardText | undefined {
  const candidates = [join(directory, "boards"), join(directory, "../boards"), boardsDirectory];
  const found = candidates.map((place) => join(place, `${name}.yaml`)).find((file) => existsSync(file));
  return found === undefined ? undefined : { file: join("boards", basename(found)), text: readText(found) };
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code === "ENOENT" ? "does not exist" : "cannot be read";
    throw new BulkheadError("FILE_UNREADABLE", `${file} ${why}`, { cause, remedy: "give the path of a manifest" });
  }
}
