/** The release that an overlay is for: as it was built, or as it lies in a repository after it was signed. */
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { BulkheadError, type Release, releaseSchema, sha256 } from "@bulkhead/protocol";
import { readRelease } from "../sign/index.ts";

export type Based = { readonly release: Release; readonly digest: string };

/** `name`: a directory of `bulkhead build`, or with `repositoryDir` a target like `greenhouse-2.json`. Throws RELEASE_INVALID, NOT_FOUND. */
export async function findRelease(name: string, repositoryDir: string | undefined): Promise<Based> {
  if (existsSync(join(name, "release.json"))) {
    const { release, text } = await readRelease(name);
    return { release, digest: sha256(text) };
  }
  const directory = join(repositoryDir ?? "", "targets");
  const files = repositoryDir === undefined ? [] : await readdir(directory).catch(() => []);
  const found = files.find((file) => file.slice(64) === `.${name}`);
  if (found === undefined) {
    throw new BulkheadError("NOT_FOUND", `there is no release ${name}`, {
      remedy: "give a directory that `bulkhead build` wrote, or with --repository the name of a signed release",
    });
  }
  const text = await readFile(join(directory, found), "utf8");
  return { release: releaseSchema.parse(JSON.parse(text)), digest: sha256(text) };
}
