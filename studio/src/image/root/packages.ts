/** The Debian part of a board's root: locked packages, unpacked, without what no board needs. */
import { glob, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Builder } from "../builder.ts";
import type { LockedPackage } from "../packages/locked.ts";

/**
 * Unpacks `packages` into `work/<folder>`. No maintainer script is run: what they would make is in `images/root`, as files
 * (decision 42).
 */
export async function unpackPackages(
  builder: Builder,
  folder: string,
  packages: readonly LockedPackage[],
): Promise<void> {
  // base-files first: it has the links that the others' files go through.
  const ordered = packages
    .filter(({ name }) => name === "base-files")
    .concat(packages.filter(({ name }) => name !== "base-files"));
  const input = ordered.map(({ sha256 }) => `/pool/${sha256}.deb\n`).join("");
  await builder.run("sh", ["/recipe/unpack.sh", `/work/${folder}`], { input });
}

/** Removes what `patterns` (paths in the root, with `*`) name. */
export async function prune(root: string, patterns: readonly string[]): Promise<void> {
  for await (const path of glob(patterns, { cwd: root })) await rm(join(root, path), { recursive: true, force: true });
}
