/**
 * Debian's Node has six of its own modules in files and reads them all into each process, as UTF-16, though few ever use one (`fetch` is the largest):
 * 2 MB of every process. On a board they are read by who uses them: each file becomes a short one that loads the whole.
 */
import { existsSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** As `strings libnode.so.115` has them. */
const files = [
  "acorn/dist/acorn.js",
  "acorn-walk/dist/walk.js",
  "cjs-module-lexer/dist/lexer.js",
  "cjs-module-lexer/lexer.js",
  "minimatch/dist/cjs/index.bundle.js",
  "undici/undici-fetch.js",
];
const folder = "usr/share/nodejs";

/** What Node calls such a module with (lib/internal/bootstrap/realm.js); `require` is that of its own modules. */
const parameters = ["exports", "require", "module", "process", "internalBinding", "primordials"];

/** The text of a module of Node's that is the one in the file `whole`, once somebody asks for it. */
export function lazyModule(whole: string): string {
  const compiled = `require("vm").compileFunction(require("fs").readFileSync(whole, "utf8"), ${JSON.stringify(parameters)}, { filename: whole })`;
  return `"use strict";\nconst whole = ${JSON.stringify(whole)};\n${compiled}(${parameters.join(", ")});\n`;
}

/** Makes them so in `root`, where it holds Debian's Node. */
export async function makeBuiltinsLazy(root: string): Promise<void> {
  for (const file of files) {
    const [path, whole] = [join(root, folder, file), join(folder, file.replace(/\.js$/, ".whole.js"))];
    if (!existsSync(path)) continue;
    await rename(path, join(root, whole));
    await writeFile(path, lazyModule(`/${whole}`));
  }
}
