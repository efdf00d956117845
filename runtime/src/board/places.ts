/** Where a board is told who it is, and what it begins with: partitions of a disk of ours, or files on a Linux that is not. */
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

export type Places = {
  readonly identity: IdentityPlace;
  /** The release that it begins with. Throws FILE_UNREADABLE where there is none. */
  factory(): Promise<string>;
};

/** Of the arguments of a first start: none, or `--identity FILE --factory FILE`. Throws USAGE. */
export function placesOf(args: readonly string[]): Places {
  if (args.length === 0) return { identity: partition, factory: () => findPartition("factory") };
  const [identityOption, identity, factoryOption, factory, ...rest] = args;
  const isWhole = identityOption === "--identity" && factoryOption === "--factory" && rest.length === 0;
  if (isWhole && identity !== undefined && factory !== undefined)
    return { identity: fileAt(identity), factory: () => Promise.resolve(factory) };
  throw new BulkheadError("USAGE", "the first start takes --identity FILE --factory FILE, or nothing");
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
