/** An artifact: the tree of one image, kept under its digest, with the canonical archive that devices fetch. */
import { createWriteStream } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { Artifact, RunnerName } from "@bulkhead/protocol";
import type { Board } from "@bulkhead/protocol/manifest";
import { packTree, treeDigest } from "@bulkhead/runtime";
import { driverEntry } from "../locations.ts";
import { copyAddOn } from "./add-ons.ts";
import { buildBeam } from "./beam/index.ts";
import { bundle } from "./bundle.ts";
import type { WireInterface } from "./interfaces/describe.ts";
import { buildNative } from "./native/index.ts";
import { architectureOf } from "./native/toolchain.ts";
import { buildVm } from "./vm/index.ts";

/**
 * What an artifact is built from: `./folder` beside the manifest or `driver:<class>`, for the runner that executes it; with
 * what a debugger needs where the manifest lets one in.
 */
export type Image = { readonly source: string; readonly runner: RunnerName; readonly symbols: boolean };

/** What is the same for all artifacts of a release. `interfaces` is asked for only by runners that need them written down. */
export type Build = {
  readonly manifestDirectory: string;
  readonly outDir: string;
  readonly architecture: Board["architecture"];
  readonly interfaces: () => Promise<readonly WireInterface[]>;
};

/** Builds an image into `artifacts/` and `blobs/` of the build's directory. */
export async function buildArtifact(image: Image, build: Build): Promise<Artifact> {
  const { outDir } = build;
  const tree = join(
    outDir,
    "artifacts",
    `building-${image.symbols}-${image.runner}-${image.source.replaceAll(/[^a-z0-9-]/g, "_")}`,
  );
  await buildTree(image, tree, build);
  const { digest, length } = await treeDigest(tree);
  const kept = join(outDir, "artifacts", digest);
  await rm(kept, { recursive: true, force: true });
  await rename(tree, kept);
  await mkdir(join(outDir, "blobs"), { recursive: true });
  await pipeline(packTree(kept), createWriteStream(join(outDir, "blobs", digest)));
  return { digest, length };
}

async function buildTree({ source, runner, symbols }: Image, tree: string, build: Build): Promise<void> {
  const folder = join(build.manifestDirectory, source);
  if (runner === "native") {
    await buildNative(folder, tree, await build.interfaces(), architectureOf(build.architecture), symbols);
    return;
  }
  if (runner === "vm") {
    await buildVm(folder, tree, await build.interfaces(), architectureOf(build.architecture));
    return;
  }
  if (runner === "beam") {
    await buildBeam(folder, tree, await build.interfaces());
    return;
  }
  const driver = source.startsWith("driver:") ? source.slice("driver:".length) : undefined;
  const entry = driver === undefined ? join(folder, "main.ts") : driverEntry(driver);
  await bundle("component", entry, join(tree, "main.js"));
  if (driver !== undefined) await copyAddOn(driver, build.architecture, tree);
}
