/** A project's TUF repository as it is on the disk: its chain of roots, looked at link by link, and its newest targets. */
import { mkdir } from "node:fs/promises";
import { BulkheadError } from "@bulkhead/protocol";
import { type Metadata, MetadataKind, type Root, type Targets } from "@tufjs/models";
import { authoritiesFor, checkSignatures, missingOf } from "./authority.ts";
import { readNewestTargets, readVersions } from "./metadata.ts";

export type Repository = {
  readonly directory: string;
  readonly root: Metadata<Root> | undefined;
  readonly targets: Metadata<Targets> | undefined;
  /** The newest of the delegated role that was asked for. */
  readonly delegated: Metadata<Targets> | undefined;
};

/** Throws RELEASE_METADATA_INVALID, RELEASE_SIGNATURE_INVALID where a root does not follow from the one before it. */
export async function readRepository(directory: string, role?: string): Promise<Repository> {
  await mkdir(directory, { recursive: true });
  const roots = await readVersions<Root>(directory, MetadataKind.Root);
  for (const [at, root] of roots.entries()) checkLink(directory, roots[at - 1], root, at + 1);
  const delegated = role === undefined ? undefined : await readNewestTargets(directory, role);
  return { directory, root: roots.at(-1), targets: await readNewestTargets(directory), delegated };
}

/** The root of a repository that has one. Throws USAGE. */
export function rootOf({ directory, root }: Repository): Metadata<Root> {
  if (root !== undefined) return root;
  throw new BulkheadError("USAGE", `${directory} has no root`, { remedy: "sign one first: `bulkhead root init`" });
}

function checkLink(directory: string, before: Metadata<Root> | undefined, root: Metadata<Root>, version: number): void {
  if (root.signed.version !== version) {
    throw new BulkheadError("RELEASE_METADATA_INVALID", `${directory} has no ${version}.root.json`, {
      remedy: "bring all roots here: devices follow them one by one",
    });
  }
  const authorities = authoritiesFor(root, before?.signed);
  const signatures = checkSignatures(root, authorities);
  if (authorities.every((authority) => missingOf(authority, signatures) === 0)) return;
  throw new BulkheadError("RELEASE_SIGNATURE_INVALID", `${version}.root.json in ${directory} lacks signatures`, {
    remedy: "restore the repository from your copy",
  });
}
