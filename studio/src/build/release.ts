/** Builds a release: compiles the manifest, bundles every image, and writes the one document that gets signed. */
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  type Artifact,
  BulkheadError,
  canonicalJson,
  type Release,
  releaseFormat,
  releaseSchema,
  sha256,
} from "@bulkhead/protocol";
import { completePlan, type Plan } from "@bulkhead/protocol/manifest";
import { loadManifest } from "../check/load.ts";
import { type Build, buildArtifacts, type Image, keyOf } from "./artifact.ts";
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
  /** Default: SOURCE_DATE_EPOCH, else the present. The rest of a release is the same for the same sources. */
  readonly builtAtMs?: number;
};

export type BuiltRelease = {
  readonly release: Release;
  /** SHA-256 of `release.json`, which is canonical JSON. */
  readonly releaseDigest: string;
  /** Holds `release.json`, `artifacts/<digest>/…` (trees) and `blobs/<digest>` (their canonical archives). */
  readonly dir: string;
};

/**
 * Builds the release of a manifest. Throws a ManifestError with all errors of the manifest, BUILD_FAILED where a component
 * cannot be bundled, a ManifestError with BUILD_INTERFACE_MISMATCH where the ends of a channel disagree.
 */
export async function buildRelease(options: BuildOptions): Promise<BuiltRelease> {
  const { compiled, directory } = loadManifest(options.manifest);
  if ("errors" in compiled) throw new ManifestError(compiled.errors);
  await clear(options.outDir);
  const interfaces = once(() => describeInterfaces(directory));
  await checkInterfaces(compiled.plan, compiled.source, directory, interfaces);
  const artifacts = await buildImages(compiled.plan, {
    manifestDirectory: directory,
    outDir: options.outDir,
    architecture: compiled.board.architecture,
    interfaces,
  });
  const release = describe(compiled.plan, artifacts, options);
  const text = canonicalJson(release);
  await writeFile(join(options.outDir, "release.json"), text);
  return { release, releaseDigest: sha256(text), dir: options.outDir };
}

async function clear(outDir: string): Promise<void> {
  await mkdir(outDir, { recursive: true });
  const known = new Set(["release.json", "artifacts", "blobs"]);
  const foreign = (await readdir(outDir)).filter((name) => !known.has(name));
  if (foreign.length > 0) {
    const remedy = "give a new directory, or one that an earlier build made";
    throw new BulkheadError("USAGE", `${outDir} holds something else: ${foreign[0]}`, { remedy });
  }
  for (const name of known) await rm(join(outDir, name), { recursive: true, force: true });
}

type Artifacts = ReadonlyMap<string, Artifact>;

function imageOf(source: string, { runner, role, attach = [], config }: Plan["components"][string]): Image {
  const by = role === "driver" ? (config as Record<string, unknown>)["interface"] : undefined;
  const symbols = runner === "native" && attach.includes("gdb");
  return { source, runner, symbols, ...(typeof by === "string" && { interface: by }) };
}

function buildImages(plan: Plan, build: Build): Promise<Artifacts> {
  const images = Object.values(plan.components).flatMap((component): Image[] =>
    "source" in component.image ? [imageOf(component.image.source, component)] : [],
  );
  return buildArtifacts(new Map(images.map((image) => [keyOf(image), image])), build);
}

function describe(plan: Plan, artifacts: Artifacts, options: BuildOptions): Release {
  const system = completePlan(plan, (source, component) => {
    const planned = plan.components[component];
    return (planned && artifacts.get(keyOf(imageOf(source, planned)))?.digest) ?? "";
  });
  const unique = new Map([...artifacts.values()].map((artifact) => [artifact.digest, artifact]));
  return releaseSchema.parse({
    format: releaseFormat,
    name: plan.system,
    version: plan.version,
    releaseCounter: options.releaseCounter,
    securityEpoch: options.securityEpoch ?? 0,
    board: plan.board,
    builtAtMs: options.builtAtMs ?? buildTimeMs(),
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

/** SOURCE_DATE_EPOCH (reproducible-builds.org) in milliseconds, else the present. */
function buildTimeMs(): number {
  const { SOURCE_DATE_EPOCH: epoch } = process.env;
  if (epoch === undefined) return Date.now();
  if (!/^\d{1,12}$/.test(epoch)) {
    throw new BulkheadError("ENVIRONMENT_INVALID", `SOURCE_DATE_EPOCH=${epoch} is not a number of seconds`);
  }
  return Number(epoch) * 1000;
}
