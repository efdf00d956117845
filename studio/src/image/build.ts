/** Builds the image of a board: locked packages, our runtime and a release in; a disk, its map and its papers out. The same in, the same out. */
import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";
import { encodeRecord } from "@bulkhead/runtime";
import { imageBaseFile } from "../build/base.ts";
import { makeBmap } from "./disk/bmap.ts";
import { type DiskContent, makeDisk } from "./disk/disk.ts";
import { partition } from "./disk/layout.ts";
import { writeFactory } from "./factory.ts";
import { type Made, type Making, type MakingOptions, makeFiles } from "./making.ts";
import { makeInitramfs } from "./root/initramfs.ts";
import { makeRoot } from "./root/tree.ts";
import { describeBase } from "./slot/base.ts";
import { addArchive, makeBootScript } from "./slot/boot-files.ts";
import { makeFat } from "./slot/fat.ts";
import { makeRootImage, type RootImage } from "./slot/root-image.ts";

export type ImageOptions = MakingOptions;
/** Of the disk: `<board>.img` and `.bmap` before its papers. */
export type BuiltImage = Made;

/** Throws what `makeFiles` throws. */
export function buildImage(options: ImageOptions): Promise<BuiltImage> {
  return makeFiles(options, true, async (making, releaseDir) => {
    const { builder, workDir, onStep, buildable } = making;
    onStep("root file system");
    const root = await makeSlot(making);
    onStep("disk");
    const { board } = buildable.board;
    const name = `${board}.img`;
    const content = await contentOf(making, root);
    const factory = await writeFactory(releaseDir, join(workDir, "factory"));
    const base = await describeBase(board, root.baseDigest, { boot: content.slot, root: root.file });
    await writeFile(join(workDir, imageBaseFile(board)), `${JSON.stringify(base, null, 2)}\n`);
    const stretches = await makeDisk(builder, join(workDir, name), name, { ...content.disk, factory });
    await writeFile(join(workDir, `${board}.bmap`), await makeBmap(join(workDir, name), stretches));
    return [name, `${board}.bmap`, imageBaseFile(board), ...(await copyBeside(making))];
  });
}

type Slot = RootImage & { readonly baseDigest: string };

async function makeSlot(making: Making): Promise<Slot> {
  const { buildable, builder, workDir, dateS, onStep } = making;
  const { board, image } = buildable;
  const release = await makeRoot(making, "image");
  onStep("slot");
  const archive = await makeInitramfs(join(workDir, "root"), release, image.modules);
  const root = await makeRootImage(builder, workDir, board.board, dateS);
  const digest = await addArchive(builder, workDir, archive, root.word);
  await makeBootScript(builder, workDir, board, image);
  return { ...root, baseDigest: digest };
}

/** `slot`: the file system that its boot loader reads. */
async function contentOf(
  making: Making,
  root: RootImage,
): Promise<{ disk: Omit<DiskContent, "factory">; slot: string }> {
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
  const packed = await loaderFiles(making);
  const loaders = packed.flatMap(({ file, at }) => (at === "beside" ? [] : [{ file, at }]));
  const parts = { boot, "boot-a": slot, "root-a": root.file, "state-0": record };
  return { disk: { parts, loaders: [...loaders, ...broughtLoader(making)] }, slot };
}

/** The boot loader's files, unpacked. */
async function loaderFiles({ buildable, builder, workDir, loader }: Making) {
  const wanted = buildable.image["boot-loader"]?.files ?? [];
  if (wanted.length === 0) return [];
  const input = loader.map(({ sha256 }) => `/pool/${sha256}.deb\n`).join("");
  await builder.run("sh", ["/recipe/unpack.sh", "/work/loader"], { input });
  return wanted.map(({ file, at }) => ({ file: join(workDir, "loader", file), at }));
}

function broughtLoader({ buildable, support }: Making): { file: string; at: number }[] {
  if (support?.bootLoader === undefined) return [];
  const at = buildable.image.bring.find((one) => one.at !== undefined)?.at;
  if (at !== undefined) return [{ file: support.bootLoader, at }];
  throw new BulkheadError(
    "IMAGE_SUPPORT_INVALID",
    `${buildable.board.title} has no place on its disk for a boot loader`,
    {
      remedy:
        "leave `boot-loader` out of the board support package, or write `bring:` with its `at:` into the board's file",
    },
  );
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
