/** The board files that come with Bulkhead, for tests that compile. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Compiled, compile } from "@bulkhead/protocol/manifest";

const boards = join(import.meta.dirname, "../../manifests/boards");

/** Compiles `text` with the real boards; every image but `./absent` is taken to be there. */
export function compileText(text: string, file = "manifest.yaml"): Compiled {
  return compile(text, {
    file,
    hasImage: (source) => source !== "./absent",
    board: (name) => {
      const board = join(boards, `${name}.yaml`);
      return existsSync(board) ? { file: `boards/${name}.yaml`, text: readFileSync(board, "utf8") } : undefined;
    },
  });
}
