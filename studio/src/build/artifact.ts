/** An artifact: the tree of one image, kept under its digest, with the canonical archive that devices fetch. */
import { createWriteStream } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { Artifact, RunnerName } from "@bulkhead/protocol";
import type { Board } from "@bulkhead/protocol/manifest";
import { packTree, treeDigest } from "@bulkhead/runtime";
import { driverEntry } from "../locations.ts";
import { copyAddOns, type FoundAddOn } from "./add-ons.ts";
import { buildBeam } from "./beam/index.ts";
import { bundle } from "./bundle.ts";
import type { WireInterface } from "./interfaces/describe.ts";
import { buildNative } from "./native/index.ts";
import { architectureOf } from "./native/toolchain.ts";
import { buildVm } from "./vm/index.ts";

/**
 * What an artifact is built from: `./folder` beside the manifest or `driver:<class>`, for the runner that executes it; with
 * what a debugger needs where the manifest lets one in. `interface`: the one that a driver is configured with, which may take other add-ons.
 */
export type Image = {
  readonly source: string;
  readonly runner: RunnerName;
  readonly symbols: boolean;
  readonly interface?: string;
};

/** What is the same for all artifacts of a release. `interfaces` is asked for only by runners that need them written down. */
export type Build = {
  readonly manifestDirectory: string;
  readonly outDir: string;
  readonly architecture: Board["architecture"];
  readonly interfaces: () => Promise<readonly WireInterface[]>;
  /** Of images of drivers, by their keys. */
  readonly addOns: ReadonlyMap<string, readonly FoundAddOn[]>;
};

/** `files`: the sources of which something is in it; of other languages than JavaScript none are told. */
export type Kept = { readonly artifact: Artifact; readonly files: readonly string[] };

/** One text for one image. */
export const keyOf = ({ source, runner, symbols, interface: by = "" }: Image): string =>
  [symbols, runner, source, by].join(" ");

/** A tree that is built, and not yet kept. */
type Built = { readonly tree: string; readonly artifact: Artifact };
type BuiltImage = Built & Kept;

/** Builds images, side by side, into `artifacts/` and `blobs/` of the build's directory, which is empty. By the keys of `images`. */
export async function buildArtifacts(images: ReadonlyMap<string, Image>, build: Build): Promise<Map<string, Kept>> {
  const keys = [...images.keys()];
  const built = await Promise.all([...images.values()].map((image) => buildOne(image, build)));
  await keepAll(built, build.outDir);
  return new Map(built.map(({ artifact, files }, index) => [keys[index] ?? "", { artifact, files }]));
}

async function buildOne(image: Image, build: Build): Promise<BuiltImage> {
  const name = `building-${keyOf(image).replaceAll(/[^a-z0-9-]/g, "_")}`;
  const tree = join(build.outDir, "artifacts", name);
  const files = await buildTree(image, tree, build);
  return { tree, artifact: await treeDigest(tree), files };
}

/** Two images can be the same bytes, a folder for two runners for one: those are kept once. */
export async function keepAll(built: readonly Built[], outDir: string): Promise<void> {
  await mkdir(join(outDir, "blobs"), { recursive: true });
  const first = new Map<string, string>();
  for (const { tree, artifact } of built) {
    if (first.has(artifact.digest)) await rm(tree, { recursive: true });
    else first.set(artifact.digest, tree);
  }
  await Promise.all([...first].map(([digest, tree]) => keep(digest, tree, outDir)));
}

async function keep(digest: string, tree: string, outDir: string): Promise<void> {
  const kept = join(outDir, "artifacts", digest);
  await rename(tree, kept);
  await pipeline(packTree(kept), createWriteStream(join(outDir, "blobs", digest)));
}

async function buildTree(image: Image, tree: string, build: Build): Promise<readonly string[]> {
  const { source, runner, symbols } = image;
  const folder = join(build.manifestDirectory, source);
  if (runner === "native") {
    await buildNative(folder, tree, await build.interfaces(), architectureOf(build.architecture), symbols);
    return [];
  }
  if (runner === "vm") {
    await buildVm(folder, tree, await build.interfaces(), architectureOf(build.architecture));
    return [];
  }
  if (runner === "beam") {
    await buildBeam(folder, tree, await build.interfaces());
    return [];
  }
  const driver = driverOf(image);
  const entry = driver === undefined ? join(folder, "main.ts") : driverEntry(driver);
  const modules = await bundle("component", entry, join(tree, "main.js"));
  const addOns = build.addOns.get(keyOf(image)) ?? [];
  await copyAddOns(addOns, tree);
  return [...modules, ...addOns.flatMap(({ sources }) => sources)];
}

/** The driver's name where an image is one that comes with Bulkhead. */
export function driverOf({ source }: Image): string | undefined {
  return source.startsWith("driver:") ? source.slice("driver:".length) : undefined;
}
