/** The board files that come with Bulkhead, and those of `boards/` beside this file, for tests that compile. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Compiled, compile } from "@bulkhead/protocol/manifest";

const folders = [join(import.meta.dirname, "../../manifests/boards"), join(import.meta.dirname, "boards")];

/** Compiles `text` with these boards; every image but `./absent` is taken to be there. */
export function compileText(text: string, file = "manifest.yaml"): Compiled {
  return compile(text, {
    file,
    hasImage: (source) => source !== "./absent",
    board: (name) => {
      const board = folders.map((folder) => join(folder, `${name}.yaml`)).find((path) => existsSync(path));
      return board === undefined ? undefined : { file: `boards/${name}.yaml`, text: readFileSync(board, "utf8") };
    },
  });
}
