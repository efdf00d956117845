/** Builds the image of a board: locked packages, our runtime and a release in; a disk, its map and its papers out. The same in, the same out. */
import { mkdir, mkdtemp, rename, rm, stat, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";
import { encodeRecord, treeDigest } from "@bulkhead/runtime";
import { execa } from "execa";
import { buildRelease, ManifestError } from "../build/index.ts";
import { loadManifest } from "../check/load.ts";
import { bulkheadDirectory } from "../locations.ts";
import { type Buildable, findBuildable } from "./board.ts";
import { type Builder, openBuilder } from "./builder.ts";
import { makeBmap } from "./disk/bmap.ts";
import { type DiskContent, makeDisk } from "./disk/disk.ts";
import { partition } from "./disk/layout.ts";
import { lockedPart, readLock } from "./packages/lock.ts";
import type { LockedPackage } from "./packages/locked.ts";
import { digestOf, fillPool } from "./packages/pool.ts";
import { type Recipe, readRecipe } from "./packages/recipe.ts";
import { makeProvenance } from "./papers/provenance.ts";
import { makeSbom } from "./papers/sbom.ts";
import { recipeDir } from "./places.ts";
import { makeInitramfs } from "./root/initramfs.ts";
import { fetchNode, type NodePackage } from "./root/node.ts";
import { makeRoot } from "./root/tree.ts";
import { addArchive, makeBootScript } from "./slot/boot-files.ts";
import { makeFat } from "./slot/fat.ts";
import { makeRootImage, type RootImage } from "./slot/root-image.ts";

export type ImageOptions = {
  /** One that comes with Bulkhead, by its name; or one that does not. */
  readonly board: string | Buildable;
  /** Of the release that the board begins with. */
  readonly manifest: string;
  readonly outDir: string;
  /** Default: SOURCE_DATE_EPOCH, else 0: an image has no other time in it. */
  readonly dateS?: number;
  /** Called as each step begins. */
  onStep(text: string): void;
};

export type BuiltImage = {
  /** `<board>.img`, `.bmap`, `.cdx.json`, `.provenance.json`, and what a board has beside its disk. */
  readonly files: readonly { readonly name: string; readonly sha256: string; readonly sizeBytes: number }[];
  /** SHA-256 of the disk. */
  readonly digest: string;
  readonly releaseDigest: string;
};

type Making = {
  readonly buildable: Buildable;
  readonly recipe: Recipe;
  readonly builder: Builder;
  readonly workDir: string;
  readonly dateS: number;
  readonly system: readonly LockedPackage[];
  readonly loader: readonly LockedPackage[];
  readonly node: NodePackage | undefined;
};

/** Throws IMAGE_BOARD_UNFIT, IMAGE_LOCK_INVALID, IMAGE_ARCHIVE_FAILED, IMAGE_PACKAGE_ALTERED, IMAGE_BUILD_FAILED, and what a release's build throws. */
export async function buildImage(options: ImageOptions): Promise<BuiltImage> {
  const buildable = typeof options.board === "string" ? findBuildable(options.board) : options.board;
  checkBoard(options.manifest, buildable);
  const dateS = options.dateS ?? (Number(process.env["SOURCE_DATE_EPOCH"] ?? 0) || 0);
  const outDir = resolve(options.outDir);
  await mkdir(outDir, { recursive: true });
  const workDir = await mkdtemp(join(outDir, ".making-"));
  try {
    options.onStep("release");
    const releaseDir = join(workDir, "release");
    const built = await buildRelease({
      manifest: options.manifest,
      outDir: releaseDir,
      releaseCounter: 1,
      builtAtMs: dateS * 1000,
    });
    options.onStep("packages");
    const making = await gather(buildable, workDir, dateS);
    options.onStep("root file system");
    const root = await makeSlot(making, releaseDir, options.onStep);
    options.onStep("disk");
    const name = `${buildable.board.board}.img`;
    const stretches = await makeDisk(making.builder, join(workDir, name), name, await contentOf(making, root));
    await writeFile(join(workDir, `${buildable.board.board}.bmap`), await makeBmap(join(workDir, name), stretches));
    const beside = await copyBeside(making);
    const files = await writePapers(making, [name, `${buildable.board.board}.bmap`, ...beside], built);
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

async function gather(buildable: Buildable, workDir: string, dateS: number): Promise<Making> {
  const { board, image } = buildable;
  const recipe = await readRecipe();
  const lock = await readLock(board.architecture);
  const system = [...lockedPart(lock, "system"), ...lockedPart(lock, image.kernel)];
  const loaderPackage = image["boot-loader"]?.package;
  const loader = loaderPackage === undefined ? [] : lockedPart(lock, loaderPackage);
  await fillPool({ suite: recipe.suite, architecture: board.architecture }, [...system, ...loader]);
  const builder = await openBuilder(recipe, workDir, recipeDir, dateS);
  const node = board.architecture === "arm64" ? await fetchNode("arm64") : undefined;
  return { buildable, recipe, builder, workDir, dateS, system, loader, node };
}

async function makeSlot(making: Making, releaseDir: string, onStep: (text: string) => void): Promise<RootImage> {
  const { buildable, recipe, builder, workDir, dateS, system, node } = making;
  const { board, image } = buildable;
  const release = await makeRoot(builder, workDir, {
    board,
    image,
    recipe,
    packages: system,
    nodeFile: node?.file,
    releaseDir,
  });
  onStep("slot");
  const archive = await makeInitramfs(join(workDir, "root"), release, image.modules);
  const root = await makeRootImage(builder, workDir, board.board, dateS);
  await addArchive(builder, workDir, archive, root.word);
  await makeBootScript(builder, workDir, board, image);
  return root;
}

async function contentOf(making: Making, root: RootImage): Promise<DiskContent> {
  const { builder, workDir, dateS } = making;
  const sizeBytes = partition("boot-a").sizeBytes;
  const boot = await makeFat(builder, workDir, {
    name: "boot",
    label: "BOOT",
    sizeBytes: partition("boot").sizeBytes,
    dateS,
  });
  const slot = await makeFat(builder, workDir, { name: "boot-slot", label: "SLOT", sizeBytes, dateS });
  const record = encodeRecord({ turn: "0", current: "a" });
  const loaders = await loaderFiles(making);
  return {
    parts: { boot, "boot-a": slot, "root-a": root.file, "state-0": record },
    loaders: loaders.flatMap(({ file, at }) => (at === "beside" ? [] : [{ file, at }])),
  };
}

/** The boot loader's files, unpacked. */
async function loaderFiles({ buildable, builder, workDir, loader }: Making) {
  const wanted = buildable.image["boot-loader"]?.files ?? [];
  if (wanted.length === 0) return [];
  const input = loader.map(({ sha256 }) => `/pool/${sha256}.deb\n`).join("");
  await builder.run("sh", ["/recipe/unpack.sh", "/work/loader"], { input });
  return wanted.map(({ file, at }) => ({ file: join(workDir, "loader", file), at }));
}

async function copyBeside(making: Making): Promise<string[]> {
  const names: string[] = [];
  for (const { file, at } of await loaderFiles(making)) {
    if (at !== "beside") continue;
    const name = `${making.buildable.board.board}.${file.split("/").at(-1) ?? "loader"}`;
    await rename(file, join(making.workDir, name));
    names.push(name);
  }
  return names;
}

async function writePapers(making: Making, names: readonly string[], built: Awaited<ReturnType<typeof buildRelease>>) {
  const { buildable, workDir, dateS, system, loader, node, recipe } = making;
  const { board } = buildable.board;
  const files = await Promise.all(names.map((name) => describe(workDir, name)));
  const runtimeSha256 = (await treeDigest(join(workDir, "root/usr/lib/bulkhead/platform"))).digest;
  const packages = [...system, ...loader];
  const image = { name: `${board}.img`, sha256: files[0]?.sha256 ?? "" };
  const sbom = makeSbom({ image, dateS, packages, node, release: built.release, runtimeSha256 });
  const builder = lockedPart(await readLock(recipe.builder.architecture), "builder");
  const commit = await commitOf();
  const about = { board, dateS, releaseDigest: built.releaseDigest, commit, builder, packages, node };
  const provenance = makeProvenance({ ...about, files: files.map(({ name, sha256 }) => ({ name, sha256 })) });
  await writeFile(join(workDir, `${board}.cdx.json`), `${JSON.stringify(sbom, null, 2)}\n`);
  await writeFile(join(workDir, `${board}.provenance.json`), `${JSON.stringify(provenance, null, 2)}\n`);
  return [...files, await describe(workDir, `${board}.cdx.json`), await describe(workDir, `${board}.provenance.json`)];
}

async function describe(directory: string, name: string) {
  const file = join(directory, name);
  return { name, sha256: await digestOf(file), sizeBytes: (await stat(file)).size };
}

/** The checkout's commit; undefined where it is none, or has changes of which the commit knows nothing. */
async function commitOf(): Promise<string | undefined> {
  const git = (...args: string[]) => execa("git", args, { cwd: bulkheadDirectory, reject: false });
  const [head, changes] = await Promise.all([git("rev-parse", "HEAD"), git("status", "--porcelain")]);
  return head.failed || changes.failed || changes.stdout !== "" ? undefined : head.stdout;
}
