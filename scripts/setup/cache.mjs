/**
 * Where what was fetched or made once by a recipe is kept: for all checkouts of a user, so that a new one need not fetch it again. The same
 * rule as `studio/src/shared-cache.ts`, in plain JavaScript, because it runs before any package is installed.
 */
import { accessSync, constants, existsSync, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { root } from "./process.mjs";

/**
 * @param {"images" | "compilers" | "guest"} kind
 * @param {NodeJS.ProcessEnv} settings
 */
export function sharedCache(kind, settings = process.env, checkout = root) {
  const { BULKHEAD_CACHE: asked, XDG_CACHE_HOME: caches } = settings;
  if (asked) return join(asked, kind);
  const own = join(checkout, ".cache", kind);
  const shared = join(caches || join(homedir(), ".cache"), "bulkhead", kind);
  return existsSync(own) || !isWritable(shared) ? own : shared;
}

/** @param {string} folder */
function isWritable(folder) {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
