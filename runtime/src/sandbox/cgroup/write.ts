/** Writes what control groups are told, and says what the kernel refused. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";

/** Throws SANDBOX_UNAVAILABLE, with the kernel's error as its cause. */
export async function writeSetting(directory: string, file: string, value: string): Promise<void> {
  await writeFile(join(directory, file), value).catch((cause: unknown) => {
    throw new BulkheadError("SANDBOX_UNAVAILABLE", `the kernel refused "${value}" for ${join(directory, file)}`, {
      cause,
      remedy: "see what else on this machine manages control groups, and whether the limit is within its parent's",
    });
  });
}

/**
 * Makes `parent`, whose children then have the controllers. Version 2 gives a child a controller only if every ancestor
 * has enabled it for its children, and an ancestor that does so must hold no process itself ("no internal process");
 * only leaves hold ours.
 */
export async function enableControllers(mount: string, parent: string, controllers: readonly string[]): Promise<void> {
  await mkdir(parent, { recursive: true });
  const levels = [mount, ...ancestorsBelow(mount, parent)];
  for (const level of levels) {
    const file = join(level, "cgroup.subtree_control");
    const enabled = (await readFile(file, "utf8")).trim().split(/\s+/);
    const wanted = controllers.filter((controller) => !enabled.includes(controller));
    if (wanted.length > 0) await writeSetting(level, "cgroup.subtree_control", wanted.map((c) => `+${c}`).join(" "));
  }
}

/** The directories from below `top` down to `path`. */
export function ancestorsBelow(top: string, path: string): string[] {
  return path === top || path === dirname(path) ? [] : [...ancestorsBelow(top, dirname(path)), path];
}
