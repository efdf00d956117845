/** Reading a built release: it is signed exactly as it was built. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { BulkheadError, canonicalJson, parseNewRelease, type Release } from "@bulkhead/protocol";

/** Reads what `buildRelease` wrote. Throws FILE_UNREADABLE, RELEASE_INVALID. */
export async function readRelease(directory: string): Promise<{ release: Release; text: string }> {
  const file = join(directory, "release.json");
  const text = await readFile(file, "utf8").catch((cause) => {
    throw new BulkheadError("FILE_UNREADABLE", `${file} cannot be read`, {
      cause,
      remedy: "run `bulkhead build` first",
    });
  });
  const remedy = "build it again; it is signed exactly as it was built";
  try {
    const release = parseNewRelease(JSON.parse(text));
    if (canonicalJson(release) === text) return { release, text };
  } catch (cause) {
    if (cause instanceof BulkheadError) throw cause;
    throw new BulkheadError("RELEASE_INVALID", `${file} is not a release`, { cause, remedy });
  }
  throw new BulkheadError("RELEASE_INVALID", `${file} is not in canonical form`, { remedy });
}
