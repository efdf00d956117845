/** Builds the web console where its sources are newer than the last build. */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { nodePath } from "./pinned-node.mjs";
import { root, run, say, secondsSince } from "./process.mjs";
import { Unready } from "./unready.mjs";

const folder = join(root, "kms-web");
/** What a build is made of, besides the installed packages. */
const sources = ["kms-web/src", "kms-web/index.html", "kms-web/vite.config.ts", "protocol/src", "package-lock.json"];

export async function buildWeb() {
  const builtMs = await newest(join(folder, "dist", "index.html"));
  const changedMs = Math.max(...(await Promise.all(sources.map((path) => newest(join(root, path))))));
  if (changedMs < builtMs) return;
  const startMs = performance.now();
  const vite = join(root, "node_modules", "vite", "bin", "vite.js");
  const { ok, output } = await run(nodePath(), [vite, "build", folder, "--logLevel", "warn"], { quiet: true });
  if (!ok) throw new Unready(`The web console could not be built:\n${output}`);
  say(`web console built in ${secondsSince(startMs)}`);
}

/** When the newest file at or below `path` was changed; 0 where there is none. @param {string} path @returns {Promise<number>} */
async function newest(path) {
  const entry = await stat(path).catch(() => undefined);
  if (!entry) return 0;
  if (!entry.isDirectory()) return entry.mtimeMs;
  const times = await Promise.all((await readdir(path)).map((name) => newest(join(path, name))));
  return Math.max(0, ...times);
}
