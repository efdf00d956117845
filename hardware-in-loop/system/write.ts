/** Writes the system of a station down, with links to its images, as a folder that `bulkhead build` takes. */
import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Board } from "@bulkhead/protocol/manifest";
import { stringify } from "yaml";
import { bulkheadDirectory } from "../../studio/src/locations.ts";
import type { Station } from "../station/station.ts";
import { images, manifestOf } from "./manifest.ts";

/** Makes `directory` anew. `more`: members of the manifest that no station needs. Returns the manifest's path. */
export async function writeSystem(
  station: Station,
  board: Board,
  directory: string,
  version = "1.0.0",
  more: object = {},
): Promise<string> {
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  for (const [name, folder] of Object.entries(images)) {
    await symlink(join(bulkheadDirectory, folder), join(directory, name));
  }
  const manifest = join(directory, "manifest.yaml");
  await writeFile(manifest, stringify({ ...manifestOf(station, board), version, ...more }));
  return manifest;
}
