/**
 * Fetches the TUF metadata in the order of the client workflow (TUF specification 1.0.34, section 5): newer roots,
 * timestamp, the snapshot it names, the targets that one names. Only names are read here; the verifier judges.
 */
import { join } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";
import { z } from "zod";
import { replaceFile } from "../durable-file.ts";
import { fetchFailed, getSmall, type Http } from "./http.ts";
import { prune } from "./staging.ts";

export const metadataPath = "/device/v1/metadata";

/** The bounds of tuf-js 5.0.1 (packages/client/src/config.ts), so that what fits here fits there. */
const maxBytes = { root: 512_000, timestamp: 16_384, snapshot: 2_000_000, targets: 5_000_000 } as const;
/** More roots than anybody rotates between two updates of one device (tuf-js: maxRootRotations 256). */
const maxRoots = 64;

/** Stages all metadata in `directory` and removes what is no longer part of it. `rootVersion` is the pinned one. */
export async function fetchMetadata(http: Http, directory: string, rootVersion: number): Promise<void> {
  const staged = new Set<string>();

  async function stage(name: string, limit: number): Promise<Buffer | null> {
    const content = await getSmall(http, `${metadataPath}/${name}`, limit);
    if (content === null) return null;
    await replaceFile(join(directory, name), content);
    staged.add(name);
    return content;
  }

  async function stageExisting(name: string, limit: number): Promise<Buffer> {
    const content = await stage(name, limit);
    if (content === null) throw fetchFailed(`${metadataPath}/${name}`, "it does not exist", false);
    return content;
  }

  // The pinned root itself is the verifier's own. The first version that does not exist ends the chain (section 5.3.3).
  for (let version = rootVersion + 1; version <= rootVersion + maxRoots; version += 1) {
    if ((await stage(`${version}.root.json`, maxBytes.root)) === null) break;
  }
  const timestamp = await stageExisting("timestamp.json", maxBytes.timestamp);
  const snapshotName = `${namedVersion(timestamp, "timestamp.json", "snapshot.json")}.snapshot.json`;
  const snapshot = await stageExisting(snapshotName, maxBytes.snapshot);
  await stageExisting(`${namedVersion(snapshot, snapshotName, "targets.json")}.targets.json`, maxBytes.targets);
  await prune(directory, (name) => staged.has(name));
}

/** The version of `file` that a timestamp or snapshot names (section 4.4: `meta`, `version`). */
function namedVersion(content: Buffer, name: string, file: string): number {
  const version = z.object({ version: z.number().int().positive() });
  try {
    return z.object({ signed: z.object({ meta: z.object({ [file]: version }) }) }).parse(JSON.parse(content.toString()))
      .signed.meta[file]?.version as number;
  } catch (cause) {
    throw new BulkheadError("RELEASE_METADATA_INVALID", `${name} does not say which version of ${file} is current`, {
      cause,
    });
  }
}
