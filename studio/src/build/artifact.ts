/** An artifact: the tree of one image, kept under its digest, with the canonical archive that devices fetch. */
import { createWriteStream } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { Artifact } from "@bulkhead/protocol";
import { packTree, treeDigest } from "@bulkhead/runtime";
import { driverEntry } from "../locations.ts";
import { bundle } from "./bundle.ts";

/** Builds the image `source` (`./folder` beside the manifest, `driver:<class>`) into `artifacts/` and `blobs/` of `outDir`. */
export async function buildArtifact(source: string, manifestDirectory: string, outDir: string): Promise<Artifact> {
  const entry = source.startsWith("driver:")
    ? driverEntry(source.slice("driver:".length))
    : join(manifestDirectory, source, "main.ts");
  const tree = join(outDir, "artifacts", `building-${source.replaceAll(/[^a-z0-9-]/g, "_")}`);
  await bundle("component", entry, join(tree, "main.js"));
  const { digest, length } = await treeDigest(tree);
  const kept = join(outDir, "artifacts", digest);
  await rm(kept, { recursive: true, force: true });
  await rename(tree, kept);
  await mkdir(join(outDir, "blobs"), { recursive: true });
  await pipeline(packTree(kept), createWriteStream(join(outDir, "blobs", digest)));
  return { digest, length };
}
