/**
 * Fetches the TUF metadata in the order of the client workflow (TUF specification 1.0.34, section 5): newer roots,
 * timestamp, the snapshot it names, the targets that one names. Only names are read here; the verifier judges.
 */
import { join } from "node:path";
import { maxMetadataBytes as maxBytes, maxRoots, namedVersion } from "@bulkhead/protocol";
import { replaceFile } from "../durable-file.ts";
import { fetchFailed, getSmall, type Http } from "./http.ts";
import { prune } from "./staging.ts";

export const metadataPath = "/device/v1/metadata";

/**
 * Stages all metadata in `directory` and removes what is no longer part of it. `rootVersion` is the pinned one; `role`: one that
 * the targets have passed on, where something of it is wanted.
 */
export async function fetchMetadata(http: Http, directory: string, rootVersion: number, role?: string): Promise<void> {
  const staged = new Set<string>();

  async function stage(name: string, content: Buffer): Promise<void> {
    await replaceFile(join(directory, name), content);
    staged.add(name);
  }

  const get = (name: string, limit: number) => getSmall(http, `${metadataPath}/${name}`, limit);
  async function getExisting(name: string, limit: number): Promise<Buffer> {
    const content = await get(name, limit);
    if (content === null) throw fetchFailed(`${metadataPath}/${name}`, "it does not exist", false);
    return content;
  }

  // The pinned root itself is the verifier's own. The first version that does not exist ends the chain (section 5.3.3).
  for (let version = rootVersion + 1; version <= rootVersion + maxRoots; version += 1) {
    const content = await get(`${version}.root.json`, maxBytes.root);
    if (content === null) break;
    await stage(`${version}.root.json`, content);
  }
  const timestamp = await getExisting("timestamp.json", maxBytes.timestamp);
  const snapshotName = `${namedVersion(timestamp.toString(), "timestamp.json", "snapshot.json")}.snapshot.json`;
  const snapshot = await getExisting(snapshotName, maxBytes.snapshot);
  const lists = ["targets", ...(role === undefined ? [] : [role])].map((name) => {
    return `${namedVersion(snapshot.toString(), snapshotName, `${name}.json`)}.${name}.json`;
  });
  const contents: Buffer[] = [];
  for (const name of lists) contents.push(await getExisting(name, maxBytes.targets));
  // What names the others comes last: the verifier may look in between, for a deployment that is under way.
  for (const [at, name] of lists.entries()) await stage(name, contents[at] ?? Buffer.alloc(0));
  await stage(snapshotName, snapshot);
  await stage("timestamp.json", timestamp);
  // Who wants no overlay leaves alone what is there of one: its deployment may be under way.
  const isOthers = (name: string) => role === undefined && name.includes(".overlays-");
  await prune(directory, (name) => staged.has(name) || isOthers(name));
}
