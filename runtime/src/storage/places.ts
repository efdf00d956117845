/**
 * Where the storage of a component lies on the device's disk: `storage/kept/<component>` outlives updates,
 * `storage/<generation>/<component>` does not. Removing what no generation needs any more is part of a start, so that a
 * power cut during it is made good by the next.
 */
import { mkdir, readdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Component } from "@bulkhead/protocol";
import { syncDirectory } from "../generations/durable.ts";

export type StorageWish = { readonly component: string } & Component["storage"];

/** The components of a system that are to have storage. */
export function storageWishes(components: Readonly<Record<string, Component>>): StorageWish[] {
  return Object.entries(components)
    .filter(([, { storage }]) => storage.quotaBytes > 0)
    .map(([component, { storage }]) => ({ component, ...storage }));
}

/** The path without an ending: `.ext4` is the image, none the directory of a host that cannot mount images. */
export function storagePath(root: string, generation: number, { component, keep }: StorageWish): string {
  return join(root, keep ? "kept" : `${generation}`, component);
}

/** Makes the directories for `generation` and removes those of generations that are not among `needed`. */
export async function preparePlaces(root: string, generation: number, needed: readonly number[]): Promise<void> {
  const kept = new Set(["kept", ...[generation, ...needed].map(String)]);
  await mkdir(root, { recursive: true, mode: 0o711 });
  const names = await readdir(root);
  await Promise.all(
    names.filter((name) => !kept.has(name)).map((name) => rm(join(root, name), { recursive: true, force: true })),
  );
  for (const name of ["kept", `${generation}`]) await mkdir(join(root, name), { recursive: true, mode: 0o711 });
  // What components store is safe no sooner than the names of the places are. A disk that takes nothing must not stop what runs.
  for (const directory of [root, dirname(root)]) await syncDirectory(directory).catch(() => undefined);
}
