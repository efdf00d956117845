/** What every form of an image is made in and of: locked packages, what a maker brings, the release; and the papers that say so at the end. */
import { mkdir, mkdtemp, rename, rm, stat, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";
import { treeDigest } from "@bulkhead/runtime";
import { commitOf } from "../build/commit.ts";
import { buildProject, ManifestError } from "../build/index.ts";
import { loadManifest } from "../check/load.ts";
import { bulkheadDirectory } from "../locations.ts";
import { type Buildable, findBuildable } from "./board.ts";
import { type BoardSupport, takeSupport } from "./bsp/contents.ts";
import { type Builder, openBuilder } from "./builder.ts";
import { fetchForDrivers } from "./for-drivers.ts";
import { lockedPart, readLock } from "./packages/lock.ts";
import type { LockedPackage } from "./packages/locked.ts";
import { digestOf, fillPool } from "./packages/pool.ts";
import { type Recipe, readRecipe } from "./packages/recipe.ts";
import { makeProvenance } from "./papers/provenance.ts";
import { makeSbom } from "./papers/sbom.ts";
import { recipeDir } from "./places.ts";
import { fetchNode, type NodePackage } from "./root/node.ts";
import { platformPlace } from "./root/tree.ts";

export type MakingOptions = {
  /** One that comes with Bulkhead, by its name; or one that does not. */
  readonly board: string | Buildable;
  /** Of the release that the board begins with. */
  readonly manifest: string;
  readonly outDir: string;
  /** The folder of a board support package. */
  readonly bsp?: string | undefined;
  /** Default: SOURCE_DATE_EPOCH, else 0: an image has no other time in it. */
  readonly dateS?: number;
  /** Called as each step begins. */
  onStep(text: string): void;
};

export type Made = {
  /** What was made first, `<board>.cdx.json`, `.provenance.json`, and what a board has beside its disk. */
  readonly files: readonly { readonly name: string; readonly sha256: string; readonly sizeBytes: number }[];
  /** SHA-256 of the first. */
  readonly digest: string;
  readonly releaseDigest: string;
};

/** What a root and a slot are made of. The release is not in it: a base system goes into other releases, in the clear (decision 62). */
export type Making = {
  readonly buildable: Buildable;
  readonly recipe: Recipe;
  readonly builder: Builder;
  readonly workDir: string;
  readonly dateS: number;
  readonly system: readonly LockedPackage[];
  readonly loader: readonly LockedPackage[];
  readonly node: NodePackage | undefined;
  readonly support: BoardSupport | undefined;
  onStep(text: string): void;
};

/**
 * Gathers all that goes in, has `make` make files in the work directory, of what `buildProject` wrote into `releaseDir` as well, and puts them with their papers into `outDir`: all or nothing.
 * `withKernel`: what is made starts by itself. Throws IMAGE_BOARD_UNFIT, IMAGE_SUPPORT_INVALID, IMAGE_LOCK_INVALID, IMAGE_ARCHIVE_FAILED,
 * IMAGE_PACKAGE_ALTERED, IMAGE_BUILD_FAILED, and what a release's build throws.
 */
export async function makeFiles(
  options: MakingOptions,
  withKernel: boolean,
  make: (making: Making, releaseDir: string) => Promise<string[]>,
): Promise<Made> {
  const brought = { kernel: options.bsp !== undefined || !withKernel };
  const buildable = typeof options.board === "string" ? findBuildable(options.board, brought) : options.board;
  checkBoard(options.manifest, buildable);
  const dateS = options.dateS ?? (Number(process.env["SOURCE_DATE_EPOCH"] ?? 0) || 0);
  const outDir = resolve(options.outDir);
  await mkdir(outDir, { recursive: true });
  const workDir = await mkdtemp(join(outDir, ".making-"));
  try {
    const support = options.bsp === undefined ? undefined : await takeSupport(options.bsp, join(workDir, "bsp"));
    checkKernel(buildable, withKernel, support);
    await fetchForDrivers(options.manifest, options.onStep);
    options.onStep("release");
    const releaseDir = join(workDir, "release");
    const releaseOptions = { manifest: options.manifest, outDir: releaseDir, releaseCounter: 1 };
    const built = await buildProject({ ...releaseOptions, builtAtMs: dateS * 1000 });
    options.onStep("packages");
    const gathered = await gather(buildable, withKernel && support?.kernel === undefined, workDir, dateS);
    const making: Making = { ...gathered, support, onStep: options.onStep };
    const files = await writePapers(making, await make(making, releaseDir), built);
    for (const file of files) await rename(join(workDir, file.name), join(outDir, file.name));
    return { files, digest: files[0]?.sha256 ?? "", releaseDigest: built.releaseDigest };
  } finally {
    await rm(workDir, { recursive: true, force: true });
  }
}

/** Before anything is built: that takes a while. */
function checkBoard(manifest: string, { board }: Buildable): void {
  const { compiled } = loadManifest(manifest);
  if ("errors" in compiled) throw new ManifestError(compiled.errors);
  const named = compiled.board.board;
  if (named === board.board) return;
  throw new BulkheadError("IMAGE_BOARD_UNFIT", `the manifest is for board ${named}, the image for ${board.board}`, {
    remedy: "give a manifest whose `board:` is the image's",
  });
}

function checkKernel({ board, image }: Buildable, withKernel: boolean, support: BoardSupport | undefined): void {
  if (!withKernel || image.kernel !== undefined || support?.kernel !== undefined) return;
  throw new BulkheadError(
    "IMAGE_SUPPORT_INVALID",
    `the board support package has no kernel, and Debian has none for ${board.title}`,
    {
      remedy: "put the maker's `kernel` and `modules` into its folder",
    },
  );
}

async function gather(buildable: Buildable, withPackagedKernel: boolean, workDir: string, dateS: number) {
  const { board, image } = buildable;
  const recipe = await readRecipe();
  const lock = await readLock(board.architecture);
  const kernel = withPackagedKernel && image.kernel !== undefined ? lockedPart(lock, image.kernel) : [];
  const system = [...lockedPart(lock, "system"), ...kernel];
  const loaderPackage = image["boot-loader"]?.package;
  const loader = loaderPackage === undefined ? [] : lockedPart(lock, loaderPackage);
  await fillPool({ suite: recipe.suite, architecture: board.architecture }, [...system, ...loader]);
  const builder = await openBuilder(recipe, workDir, recipeDir, dateS);
  const node = board.architecture === "arm64" ? await fetchNode("arm64") : undefined;
  return { buildable, recipe, builder, workDir, dateS, system, loader, node };
}

async function writePapers(making: Making, names: readonly string[], built: Awaited<ReturnType<typeof buildProject>>) {
  const { buildable, workDir, dateS, system, loader, node, recipe, support } = making;
  const { board } = buildable.board;
  const files = await Promise.all(names.map((name) => describe(workDir, name)));
  const runtimeSha256 = (await treeDigest(join(workDir, "root", platformPlace))).digest;
  const packages = [...system, ...loader];
  const brought = support?.files ?? [];
  const image = { name: files[0]?.name ?? "", sha256: files[0]?.sha256 ?? "" };
  const sbom = makeSbom({ image, dateS, packages, node, brought, release: built.release, runtimeSha256 });
  const builder = lockedPart(await readLock(recipe.builder.architecture), "builder");
  const source = await commitOf(bulkheadDirectory);
  // One that has changes knows nothing of them.
  const commit = source === undefined || source.isChanged ? undefined : source.id;
  const about = { board, dateS, releaseDigest: built.releaseDigest, commit, builder, packages, node, brought };
  const provenance = makeProvenance({ ...about, files: files.map(({ name, sha256 }) => ({ name, sha256 })) });
  await writeFile(join(workDir, `${board}.cdx.json`), `${JSON.stringify(sbom, null, 2)}\n`);
  await writeFile(join(workDir, `${board}.provenance.json`), `${JSON.stringify(provenance, null, 2)}\n`);
  return [...files, await describe(workDir, `${board}.cdx.json`), await describe(workDir, `${board}.provenance.json`)];
}

async function describe(directory: string, name: string) {
  const file = join(directory, name);
  return { name, sha256: await digestOf(file), sizeBytes: (await stat(file)).size };
}
