/**
 * Where what was fetched or made once by a recipe is kept: for all checkouts of a user, so that a new one need not fetch it again.
 * `BULKHEAD_CACHE` says otherwise; a checkout that has a folder of its own in `.cache` goes on with that, and so does one whose user's
 * cache cannot be written. `scripts/setup/cache.mjs` has the same rule for what runs before packages are installed.
 */
import { accessSync, constants, existsSync, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { bulkheadDirectory } from "./locations.ts";

export type CacheKind = "images" | "compilers" | "guest";

export function sharedCache(kind: CacheKind, settings = process.env, checkout: string = bulkheadDirectory): string {
  const { BULKHEAD_CACHE: asked, XDG_CACHE_HOME: caches } = settings;
  if (asked) return join(asked, kind);
  const own = join(checkout, ".cache", kind);
  const shared = join(caches || join(homedir(), ".cache"), "bulkhead", kind);
  return existsSync(own) || !isWritable(shared) ? own : shared;
}

function isWritable(folder: string): boolean {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
