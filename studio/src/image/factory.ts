/** The release that a board begins with, as one file: outside of root and slot, so that no other release takes it along. */
import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { packFactory } from "@bulkhead/runtime";

/** Returns `file`. `releaseDir`: what `buildProject` wrote; its papers stay out. */
export async function writeFactory(releaseDir: string, file: string): Promise<string> {
  await pipeline(packFactory(releaseDir), createWriteStream(file));
  return file;
}
