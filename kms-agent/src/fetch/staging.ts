/** The staging directory: where fetched bytes lie for the verifier to judge. Nothing in it is trusted by anybody. */
import { mkdir, readdir, rm, statfs } from "node:fs/promises";
import { join } from "node:path";
import { BulkheadError, maxReleaseArtifactsBytes } from "@bulkhead/protocol";
import { syncDirectory } from "../durable-file.ts";
import type { Blob } from "./blob-path.ts";

export type Staging = { readonly metadata: string; readonly targets: string; readonly blobs: string };

/** Makes the three directories below `root` where they are missing. */
export async function openStaging(root: string): Promise<Staging> {
  const staging = { metadata: join(root, "metadata"), targets: join(root, "targets"), blobs: join(root, "blobs") };
  for (const directory of Object.values(staging)) {
    await mkdir(directory, { recursive: true, mode: 0o755 });
    // Who staged something before may have been killed before its name was safe.
    await syncDirectory(directory);
  }
  // What is fetched into them is safe no sooner than their names are.
  await syncDirectory(root);
  return staging;
}

/** Removes every file of `directory` whose name `isWanted` does not keep: what earlier deployments left. */
export async function prune(directory: string, isWanted: (name: string) => boolean): Promise<void> {
  const unwanted = (await readdir(directory)).filter((name) => !isWanted(name));
  await Promise.all(unwanted.map((name) => rm(join(directory, name), { recursive: true, force: true })));
}

/** How large what is to come is together. Throws FETCH_TOO_LARGE where no device takes as much of one release. */
export function bytesOf(missing: readonly Blob[]): number {
  const bytes = missing.reduce((sum, { length }) => sum + length, 0);
  if (bytes <= maxReleaseArtifactsBytes) return bytes;
  throw new BulkheadError(
    "FETCH_TOO_LARGE",
    `the release has ${bytes} bytes, a device takes ${maxReleaseArtifactsBytes}`,
    { remedy: "deploy a smaller release" },
  );
}

/** Throws STORAGE_FULL where `neededBytes` do not fit, before anything is fetched in vain. */
export async function checkRoom(directory: string, neededBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(directory);
  if (neededBytes <= bavail * bsize) return;
  throw new BulkheadError(
    "STORAGE_FULL",
    `the release needs ${neededBytes} bytes, the device has ${bavail * bsize} free`,
    {
      remedy: "free room on the device's disk, or deploy a smaller release",
    },
  );
}
