/**
 * Builds a release where neither the network nor the builder's home directory is to be seen. What has to be fetched or compiled for a board
 * beforehand is made outside, each by means of its own; the sources are read, bundled, compiled and run inside.
 */
import { mkdir, readFile, realpath } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { BulkheadError, type ErrorReport, releaseSchema, sha256 } from "@bulkhead/protocol";
import { loadManifest } from "../../check/load.ts";
import type { FoundAddOn } from "../add-ons.ts";
import { dateMs } from "../date.ts";
import { ManifestError } from "../manifest-error.ts";
import { type BuildOptions, type BuiltRelease, type Content, prepareAddOns } from "../release.ts";
import { answerSchema, type Order } from "./exchange.ts";
import { placesOf } from "./places.ts";
import { runConfined } from "./sandbox.ts";

/** Throws what `buildRelease` does, BUILD_UNCONFINED where there can be no sandbox, MISSING_PROGRAM. */
export async function buildInSandbox(
  options: BuildOptions,
): Promise<BuiltRelease & { readonly contents: readonly Content[] }> {
  const addOns = await prepareAddOns(options.manifest);
  const manifest = await realpath(options.manifest);
  const directory = dirname(manifest);
  if (directory === homedir()) {
    throw new BulkheadError("USAGE", `${options.manifest} lies in your home directory, which a build does not see`, {
      remedy: "give the system a folder of its own",
    });
  }
  await mkdir(options.outDir, { recursive: true });
  const outDir = await realpath(options.outDir);
  const order: Order = {
    manifest,
    outDir,
    releaseCounter: options.releaseCounter,
    securityEpoch: options.securityEpoch ?? 0,
    builtAtMs: options.builtAtMs ?? (await dateMs(directory)),
    addOns: Object.fromEntries([...addOns].map(([key, found]) => [key, found.map(toOrder)])),
  };
  const files = [...addOns.values()].flat().map(({ path }) => path);
  const places = await placesOf(directory, componentFolders(options.manifest), files);
  const program = [
    await realpath(process.execPath),
    "--disable-warning=ExperimentalWarning",
    join(import.meta.dirname, "inside.ts"),
  ];
  const answer = answerSchema.parse(JSON.parse(await runConfined(places, outDir, program, JSON.stringify(order))));
  if ("errors" in answer) throw refused(answer.errors as ErrorReport[], manifest, options.manifest);
  const text = await readFile(join(outDir, "release.json"), "utf8");
  const release = releaseSchema.parse(JSON.parse(text));
  return { release, releaseDigest: sha256(text), dir: options.outDir, contents: answer.contents };
}

function toOrder({ sources, ...found }: FoundAddOn): Order["addOns"][string][number] {
  return { ...found, sources: [...sources] };
}

function componentFolders(manifest: string): string[] {
  const { compiled, directory } = loadManifest(manifest);
  if ("errors" in compiled) return [];
  return Object.values(compiled.plan.components).flatMap(({ image }) =>
    "source" in image && image.source.startsWith(".") ? [resolve(directory, image.source)] : [],
  );
}

/** The manifest is named as who builds named it. */
function refused(errors: readonly ErrorReport[], manifest: string, named: string): ManifestError {
  return new ManifestError(
    errors.map((error) =>
      error.place?.file === manifest ? { ...error, place: { ...error.place, file: named } } : error,
    ),
  );
}
