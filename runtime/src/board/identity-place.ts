/** Where a board is told who it is: a partition of a disk of ours, or a file on a Linux that is not. */
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { BulkheadError } from "@bulkhead/protocol";
import { findPartition } from "./partitions.ts";

export type IdentityPlace = {
  /** Throws FILE_UNREADABLE where there is none. */
  find(): Promise<string>;
  /** Something is left to be wiped, or may be. */
  isThere(): Promise<boolean>;
  /** Once it was taken and wiped. */
  forget(): Promise<void>;
};

/** Of the arguments of a first start: none, or `--identity FILE`. Throws USAGE. */
export function identityPlaceOf([option, path, ...rest]: readonly string[]): IdentityPlace {
  if (option === undefined) return partition;
  if (option === "--identity" && path !== undefined && rest.length === 0) return fileAt(path);
  throw new BulkheadError("USAGE", "the first start takes --identity FILE, or nothing");
}

const partition: IdentityPlace = {
  find: () => findPartition("identity"),
  isThere: () => Promise.resolve(true),
  forget: () => Promise.resolve(),
};

const fileAt = (path: string): IdentityPlace => ({
  async find() {
    if (existsSync(path)) return path;
    throw new BulkheadError("FILE_UNREADABLE", "this board has not been told who it is", {
      remedy: "/opt/bulkhead/install --identity FILE, where FILE is what `bulkhead device token` made",
    });
  },
  isThere: () => Promise.resolve(existsSync(path)),
  forget: () => rm(path, { force: true }),
});
