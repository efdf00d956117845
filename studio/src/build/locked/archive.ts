/**
 * A package's archive as the registry gave it. npm keeps it in its cache under the digest that the lock file names; nothing is fetched here.
 * What npm installed from it, and whether anybody changed that since, npm does not record.
 */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { Parser } from "tar";

/** Where npm keeps archives, unless its configuration files say otherwise. */
export function npmCache(environment = process.env): string {
  return environment["npm_config_cache"] ?? join(homedir(), ".npm");
}

/** SHA-256 of each file in the archive, by its path in the package; undefined where the cache has no such archive. */
export async function filesInArchive(integrity: string, cache: string): Promise<Map<string, string> | undefined> {
  const bytes = await readArchive(integrity, cache);
  return bytes === undefined ? undefined : await digestsIn(bytes);
}

async function readArchive(integrity: string, cache: string): Promise<Buffer | undefined> {
  const wanted = sha512Of(integrity);
  if (wanted === undefined) return undefined;
  const path = join(cache, "_cacache/content-v2/sha512", wanted.slice(0, 2), wanted.slice(2, 4), wanted.slice(4));
  const bytes = await readFile(path).catch(() => undefined);
  // A cache is nobody's word for anything: the digest is.
  return bytes && createHash("sha512").update(bytes).digest("hex") === wanted ? bytes : undefined;
}

/** In hexadecimal; undefined where the lock file has another kind of digest. */
export function sha512Of(integrity: string): string | undefined {
  const digest = /(?:^|\s)sha512-([A-Za-z0-9+/]{86}==)/.exec(integrity)?.[1];
  return digest === undefined ? undefined : Buffer.from(digest, "base64").toString("hex");
}

function digestsIn(archive: Buffer): Promise<Map<string, string>> {
  return new Promise((resolve, reject) => {
    const digests = new Map<string, string>();
    const parser = new Parser({
      strict: true,
      onReadEntry(entry) {
        const hash = createHash("sha256");
        // npm packs all below one folder, whatever its name.
        const path = entry.path.split("/").slice(1).join("/");
        entry.on("data", (chunk: Buffer) => hash.update(chunk));
        entry.on("end", () => entry.type === "File" && digests.set(path, hash.digest("hex")));
      },
    });
    parser.on("end", () => resolve(digests));
    parser.on("error", reject);
    parser.end(archive);
  });
}
