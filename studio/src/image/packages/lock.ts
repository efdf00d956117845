/**
 * Lock files: `images/<architecture>.lock` says by name, version and SHA-256 of what an image is made, in parts: `system`, and one for each
 * kernel and boot loader that a board file names; `images/amd64.lock` of what the builder is made.
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";
import type { Board } from "@bulkhead/protocol/manifest";
import { imageCache, recipeDir } from "../places.ts";
import { resolvePackages } from "./archive.ts";
import { formatLocked, type LockedPackage, parseLocked } from "./locked.ts";
import type { Recipe } from "./recipe.ts";

/** Packages of each part, by name. */
export type Lock = ReadonlyMap<string, readonly LockedPackage[]>;

const header = "# Made by `bulkhead image lock`. A build takes these packages and no others.";

function lockFile(architecture: string): string {
  return join(recipeDir, `${architecture}.lock`);
}

/** Throws IMAGE_LOCK_INVALID, also where there is none. */
export async function readLock(architecture: string): Promise<Lock> {
  const file = lockFile(architecture);
  const text = await readFile(file, "utf8").catch((cause) => {
    const remedy = "make it: bulkhead image lock";
    throw new BulkheadError("IMAGE_LOCK_INVALID", `${file} cannot be read`, { cause, remedy });
  });
  const lock = new Map<string, LockedPackage[]>();
  let part: LockedPackage[] | undefined;
  for (const line of text.split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    const name = /^\[([a-z0-9.+-]+)\]$/.exec(line)?.[1];
    if (name === undefined) part?.push(parseLocked(line, file));
    else {
      part = [];
      lock.set(name, part);
    }
  }
  return lock;
}

/** The packages of a part. Throws IMAGE_LOCK_INVALID where the lock has no such part. */
export function lockedPart(lock: Lock, part: string): readonly LockedPackage[] {
  const packages = lock.get(part);
  if (packages !== undefined) return packages;
  throw new BulkheadError("IMAGE_LOCK_INVALID", `no lock file has the part ${part}`, {
    remedy: "a recipe or a board file has changed since: bulkhead image lock",
  });
}

/** Asks the archive for the newest of everything and writes the lock files. Returns how many packages each has. */
export async function makeLocks(recipe: Recipe, boards: readonly Board[]): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  const { architecture, packages } = recipe.builder;
  const builder = await resolvePackages(
    { suite: recipe.suite, architecture },
    new Map([["builder", packages]]),
    imageCache(),
  );
  counts.set(architecture, await writeLock(architecture, builder));
  for (const target of ["arm64", "armhf"] as const) {
    const theirs = boards.filter((board) => board.architecture === target && board.image !== undefined);
    counts.set(target, await writeLock(target, await resolveTarget(recipe, target, theirs)));
  }
  return counts;
}

async function resolveTarget(recipe: Recipe, target: "arm64" | "armhf", boards: readonly Board[]): Promise<Lock> {
  const system = [...recipe.system.packages, ...recipe.architectures[target].packages];
  const kernels = unique(boards.map((board) => board.image?.kernel));
  const loaders = unique(boards.map((board) => board.image?.["boot-loader"]?.package));
  const wanted = new Map<string, string[]>([["system", system]]);
  for (const name of [...kernels, ...loaders]) wanted.set(name, [...system, name]);
  const found = await resolvePackages({ suite: recipe.suite, architecture: target }, wanted, imageCache());
  const base = (found.get("system") ?? []).filter(({ name }) => !recipe.system.without.includes(name));
  const known = new Set([...base.map(({ name }) => name), ...recipe.system.without]);
  const more = (part: string) => (found.get(part) ?? []).filter(({ name }) => !known.has(name));
  return new Map([
    ["system", base],
    ...kernels.map((name) => [name, more(name)] as const),
    // A boot loader is a file: what its package depends on is for who installs it.
    ...loaders.map((name) => [name, more(name).filter((one) => one.name === name)] as const),
  ]);
}

async function writeLock(architecture: string, lock: Lock): Promise<number> {
  const parts = [...lock].map(([part, packages]) => {
    const lines = packages.map(formatLocked).sort();
    return `\n[${part}]\n${lines.join("\n")}\n`;
  });
  await writeFile(lockFile(architecture), `${header}\n${parts.join("")}`);
  return new Set([...lock.values()].flat().map(({ sha256 }) => sha256)).size;
}

function unique(names: readonly (string | undefined)[]): string[] {
  return [...new Set(names.filter((name) => name !== undefined))].sort();
}
