/** The release that an overlay is for: as it was built, or as it lies in a repository after it was signed. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { BulkheadError, type Release, sha256 } from "@bulkhead/protocol";
import type { Unwrap } from "@bulkhead/runtime";
import { readRelease } from "../sign/index.ts";
import { readNewestTargets } from "../sign/metadata.ts";
import { openSignedRelease } from "../sign/signed-release.ts";

export type Based = { readonly release: Release; readonly digest: string };

/**
 * `name`: a directory of `bulkhead build`, or with `repositoryDir` a target like `greenhouse-2.json`. Throws RELEASE_INVALID, NOT_FOUND,
 * SEALED_FOR_OTHERS.
 */
export async function findRelease(name: string, repositoryDir: string | undefined, unwrap: Unwrap): Promise<Based> {
  if (existsSync(join(name, "release.json"))) {
    const { release, text } = await readRelease(name);
    return { release, digest: sha256(text) };
  }
  const targets = repositoryDir === undefined ? undefined : await readNewestTargets(repositoryDir);
  const file = targets?.signed.targets[name];
  if (repositoryDir === undefined || file === undefined) {
    throw new BulkheadError("NOT_FOUND", `there is no release ${name}`, {
      remedy: "give a directory that `bulkhead build` wrote, or with --repository the name of a signed release",
    });
  }
  const { release, text } = await openSignedRelease(repositoryDir, file, unwrap);
  return { release, digest: sha256(text) };
}
