/** The image of an emulated station: built by the project's own builder, and kept as long as nothing that goes into it changes. */
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Buildable } from "../../../studio/src/image/board.ts";
import { buildImage } from "../../../studio/src/image/build.ts";
import { bulkheadDirectory } from "../../../studio/src/locations.ts";

/** All that a build reads of the checkout. */
const inputs = [
  "protocol",
  "sdk",
  "runtime",
  "drivers",
  "kms-agent",
  "studio/src",
  "images",
  "manifests",
  "package-lock.json",
];
const folder = join(bulkheadDirectory, ".cache/hil/images");

/** The image's time: the same inputs are to give the same release, which the management service is given as well. */
export const imageDateS = 0;

/** The folder that the image is in, with all that lies beside it. Throws what `buildImage` throws. */
export async function openImageFor(
  buildable: Buildable,
  manifest: string,
  note: (text: string) => void,
): Promise<string> {
  const { board } = buildable.board;
  const name = `${board}-${await digestOf(buildable, manifest)}`;
  const directory = join(folder, name);
  await mkdir(folder, { recursive: true });
  const kept = await readdir(folder);
  if (kept.includes(name)) return directory;
  const partial = `${directory}.partial-${process.pid}`;
  const startMs = performance.now();
  // With the time, for the first build of all fetches what later ones have.
  const onStep = (step: string) => note(`image: ${step}, after ${Math.round((performance.now() - startMs) / 1000)} s`);
  try {
    await buildImage({ board: buildable, manifest, outDir: partial, dateS: imageDateS, onStep });
    onStep("built");
    await rename(partial, directory);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  // Some hundred MiB each; of what was changed since there is no use.
  for (const old of kept.filter((one) => one.startsWith(`${board}-`) && !one.includes(".partial-"))) {
    await rm(join(folder, old), { recursive: true, force: true });
  }
  return directory;
}

async function digestOf(buildable: Buildable, manifest: string): Promise<string> {
  const hash = createHash("sha256").update(await readFile(manifest));
  hash.update(JSON.stringify(buildable));
  for (const input of inputs) {
    for (const file of await filesOf(join(bulkheadDirectory, input))) {
      hash.update(`\0${file.slice(bulkheadDirectory.length)}\0`).update(await readFile(file));
    }
  }
  return hash.digest("hex").slice(0, 16);
}

/** Files below a path, or the path itself; without what npm put there. */
async function filesOf(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOTDIR") return null;
    throw error;
  });
  if (entries === null) return [path];
  const found: string[] = [];
  for (const entry of entries.sort((one, other) => (one.name < other.name ? -1 : 1))) {
    if (entry.name === "node_modules" || /\.(test|spec|board)\.ts$/.test(entry.name)) continue;
    if (entry.isDirectory()) found.push(...(await filesOf(join(path, entry.name))));
    else if (entry.isFile()) found.push(join(path, entry.name));
  }
  return found;
}
