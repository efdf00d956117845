/** Gives the management service what operators signed: the documents first, then the lists that name them. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { StudioClient } from "../api/client.ts";
import { readNewestTargets } from "../sign/metadata.ts";
import { digestOfTarget, targetFile } from "../sign/target-file.ts";

/** The deployments whose overlays a repository has. */
export async function deploymentsIn(repositoryDir: string): Promise<string[]> {
  const names = await readdir(repositoryDir);
  const found = names.flatMap((name) => /^\d+\.overlays-([a-z0-9-]+)\.json$/.exec(name)?.[1] ?? []);
  return [...new Set(found)].sort();
}

/** Uploads the documents of a deployment's newest list; returns the list, by its name. */
export async function uploadDocuments(
  client: StudioClient,
  repositoryDir: string,
  deployment: string,
): Promise<Record<string, string>> {
  const role = `overlays-${deployment}`;
  const list = await readNewestTargets(repositoryDir, role);
  if (list === undefined) return {};
  for (const { path, hashes } of Object.values(list.signed.targets)) {
    const digest = digestOfTarget({ hashes });
    await client.uploadBlob(digest, await readFile(targetFile(repositoryDir, path, digest)));
  }
  const name = `${list.signed.version}.${role}.json`;
  return { [name]: await readFile(join(repositoryDir, name), "utf8") };
}
