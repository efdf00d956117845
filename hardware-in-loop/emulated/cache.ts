/** Folders of the cache that are made once: each is named by the digest of all that decides what is in it. */
import { createHash } from "node:crypto";
import { access, mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { sharedCache } from "../../studio/src/shared-cache.ts";

/** The checkout. */
export const repository = fileURLToPath(new URL("../../", import.meta.url));

/** Makes `<kind>-<digest of recipe>` by `make` unless it is there, and returns its path. `recipe` must be plain data. */
export async function cached(kind: string, recipe: unknown, make: (directory: string) => Promise<void>) {
  const digest = createHash("sha256").update(JSON.stringify(recipe)).digest("hex").slice(0, 12);
  const target = join(sharedCache("guest"), `${kind}-${digest}`);
  if (await exists(target)) return target;
  const startMs = performance.now();
  // By our pid, so that two runs at once do not disturb each other.
  const partial = `${target}.partial-${process.pid}`;
  await mkdir(partial, { recursive: true });
  try {
    process.stderr.write(`guest: making ${kind}\n`);
    await make(partial);
    await rename(partial, target).catch((error: NodeJS.ErrnoException) => {
      // The other run was faster; its folder is as good as ours.
      if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
    });
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  process.stderr.write(`guest: ${kind} made in ${((performance.now() - startMs) / 1000).toFixed(1)} s\n`);
  return target;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
