/** Builds a release: compiles the manifest, bundles every image, and writes the one document that gets signed. */
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  type Artifact,
  BulkheadError,
  canonicalJson,
  parseNewRelease,
  type Release,
  releaseFormat,
  sha256,
} from "@bulkhead/protocol";
import { completePlan, type Plan } from "@bulkhead/protocol/manifest";
import { loadManifest } from "../check/load.ts";
import { type FoundAddOn, findAddOns } from "./add-ons.ts";
import { type Build, buildArtifacts, driverOf, type Image, type Kept, keyOf } from "./artifact.ts";
import { dateMs } from "./date.ts";
import { checkInterfaces } from "./interfaces/check-system.ts";
import { describeInterfaces } from "./interfaces/describe.ts";
import { ManifestError } from "./manifest-error.ts";

export type BuildOptions = {
  /** Path of the manifest. */
  readonly manifest: string;
  /** Is created; what an earlier build left in it is replaced. */
  readonly outDir: string;
  readonly releaseCounter: number;
  /** Default 0. */
  readonly securityEpoch?: number;
  /** Default: as `date.ts` has it. The rest of a release is the same for the same sources. */
  readonly builtAtMs?: number;
};

/** What is in a component: its image, and the files of which something is in its bundle. */
export type Content = {
  readonly component: string;
  readonly image: string;
  readonly runner: string;
  readonly digest: string;
  readonly files: readonly string[];
};

export type BuiltRelease = {
  readonly release: Release;
  /** SHA-256 of `release.json`, which is canonical JSON. */
  readonly releaseDigest: string;
  /** Holds `release.json`, `artifacts/<digest>/…` (trees) and `blobs/<digest>` (their canonical archives). */
  readonly dir: string;
};

/** By the key of an image, the add-ons of the driver that it is. */
export type AddOns = ReadonlyMap<string, readonly FoundAddOn[]>;

/** What a build needs that it cannot make where nothing but the sources is to be seen. Throws as `buildRelease` does. */
export async function prepareAddOns(manifest: string): Promise<AddOns> {
  const { compiled } = loadManifest(manifest);
  if ("errors" in compiled) throw new ManifestError(compiled.errors);
  const found = new Map<string, readonly FoundAddOn[]>();
  for (const [key, image] of imagesOf(compiled.plan)) {
    const driver = driverOf(image);
    if (driver === undefined || found.has(key)) continue;
    found.set(key, await findAddOns(driver, image.interface, compiled.board.architecture));
  }
  return found;
}

/**
 * Builds the release of a manifest, in this process and with all that it sees; `buildConfined` does it in a sandbox. Throws a
 * ManifestError with all errors of the manifest, BUILD_FAILED where a component cannot be bundled, a ManifestError with
 * BUILD_INTERFACE_MISMATCH where the ends of a channel disagree.
 */
export async function buildRelease(
  options: BuildOptions,
  prepared?: AddOns,
): Promise<BuiltRelease & { readonly contents: readonly Content[] }> {
  const { compiled, directory } = loadManifest(options.manifest);
  if ("errors" in compiled) throw new ManifestError(compiled.errors);
  const addOns = prepared ?? (await prepareAddOns(options.manifest));
  await clear(options.outDir);
  const interfaces = once(() => describeInterfaces(directory));
  await checkInterfaces(compiled.plan, compiled.source, directory, interfaces);
  const { architecture } = compiled.board;
  const build = { manifestDirectory: directory, outDir: options.outDir, architecture, interfaces, addOns };
  const kept = await buildArtifacts(new Map(imagesOf(compiled.plan)), build satisfies Build);
  const builtAtMs = options.builtAtMs ?? (await dateMs(directory));
  const release = describe(compiled.plan, kept, { ...options, builtAtMs });
  const text = canonicalJson(release);
  await writeFile(join(options.outDir, "release.json"), text);
  return { release, releaseDigest: sha256(text), dir: options.outDir, contents: contentsOf(compiled.plan, kept) };
}

/** What a build leaves, and the next one in the same place takes away. */
const known = new Set([
  "release.json",
  "artifacts",
  "blobs",
  "sbom.cdx.json",
  "provenance.json",
  "provenance.dsse.json",
]);

async function clear(outDir: string): Promise<void> {
  await mkdir(outDir, { recursive: true });
  const foreign = (await readdir(outDir)).filter((name) => !known.has(name));
  if (foreign.length > 0) {
    const remedy = "give a new directory, or one that an earlier build made";
    throw new BulkheadError("USAGE", `${outDir} holds something else: ${foreign[0]}`, { remedy });
  }
  await clearBuild(outDir);
}

/** Leaves nothing of a build, whole or not. */
export async function clearBuild(outDir: string): Promise<void> {
  for (const name of known) await rm(join(outDir, name), { recursive: true, force: true });
}

function imageOf(source: string, { runner, role, attach = [], config }: Plan["components"][string]): Image {
  const by = role === "driver" ? (config as Record<string, unknown>)["interface"] : undefined;
  const symbols = runner === "native" && attach.includes("gdb");
  return { source, runner, symbols, ...(typeof by === "string" && { interface: by }) };
}

/** What the components are built from, by its key. */
export function imagesOf(plan: Plan): [string, Image][] {
  return Object.values(plan.components).flatMap((component): [string, Image][] => {
    if (!("source" in component.image)) return [];
    const image = imageOf(component.image.source, component);
    return [[keyOf(image), image]];
  });
}

function contentsOf(plan: Plan, kept: ReadonlyMap<string, Kept>): Content[] {
  return Object.entries(plan.components).flatMap(([component, planned]): Content[] => {
    if (!("source" in planned.image)) return [];
    const { source: image } = planned.image;
    const { artifact, files } = kept.get(keyOf(imageOf(image, planned))) ?? {};
    return artifact ? [{ component, image, runner: planned.runner, digest: artifact.digest, files: files ?? [] }] : [];
  });
}

type Dated = BuildOptions & { readonly builtAtMs: number };

function describe(plan: Plan, kept: ReadonlyMap<string, Kept>, options: Dated): Release {
  const system = completePlan(plan, (source, component) => {
    const planned = plan.components[component];
    return (planned && kept.get(keyOf(imageOf(source, planned)))?.artifact.digest) ?? "";
  });
  const unique = new Map<string, Artifact>([...kept.values()].map(({ artifact }) => [artifact.digest, artifact]));
  return parseNewRelease({
    format: releaseFormat,
    name: plan.system,
    version: plan.version,
    releaseCounter: options.releaseCounter,
    securityEpoch: options.securityEpoch ?? 0,
    board: plan.board,
    builtAtMs: options.builtAtMs,
    system,
    artifacts: [...unique.values()].sort((a, b) => (a.digest < b.digest ? -1 : 1)),
  });
}

/** Asked for once, however many components want it. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
