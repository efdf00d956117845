/** What an image is to be written to: a disk as the kernel describes it, or a plain file. */
import { constants, type Stats } from "node:fs";
import { readFile, realpath, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";
import { execa } from "execa";
import { z } from "zod";
import { printable } from "../cli/printable.ts";

export type Target = {
  readonly path: string;
  readonly kind: "disk" | "partition" | "file";
  readonly sizeBytes: number;
  /** As a person knows it: maker, model. */
  readonly title: string;
  /** A card, a stick: what comes and goes. */
  readonly isRemovable: boolean;
  readonly isReadOnly: boolean;
  /** Where it, or a part of it, is mounted; `[SWAP]` for swap. */
  readonly mounts: readonly string[];
  /** Which one it is, whatever it is called: another card in the same reader has another. */
  readonly sameness: string;
};

type Block = z.infer<typeof blockSchema> & { children?: Block[] | undefined };
const blockSchema = z.object({
  path: z.string(),
  type: z.string(),
  size: z.number(),
  rm: z.boolean(),
  ro: z.boolean(),
  hotplug: z.boolean(),
  tran: z.string().nullable(),
  vendor: z.string().nullable(),
  model: z.string().nullable(),
  mountpoints: z.array(z.string().nullable()),
});
const treeSchema: z.ZodType<Block> = blockSchema.extend({
  get children() {
    return z.array(treeSchema).optional();
  },
});
const answerSchema = z.object({ blockdevices: z.array(treeSchema).length(1) });
const columns = "PATH,TYPE,SIZE,RM,RO,HOTPLUG,TRAN,VENDOR,MODEL,MOUNTPOINTS";

/** Throws FLASH_TARGET_REFUSED where there is nothing to write to, MISSING_PROGRAM where lsblk is not there. */
export async function inspectTarget(path: string): Promise<Target> {
  const real = await realpath(path).catch(() => undefined);
  const about = real === undefined ? undefined : await stat(real);
  if (real === undefined || about === undefined) {
    throw new BulkheadError("FLASH_TARGET_REFUSED", `${path} is not there`, {
      remedy: "is the card in its reader? `lsblk` lists the disks",
    });
  }
  if (about.isFile()) {
    return {
      path: real,
      kind: "file",
      sizeBytes: about.size,
      title: "a file",
      isRemovable: true,
      isReadOnly: false,
      mounts: [],
      sameness: samenessOf(about, ""),
    };
  }
  if (!about.isBlockDevice()) {
    throw new BulkheadError("FLASH_TARGET_REFUSED", `${path} is neither a disk nor a file`, {
      remedy: "give a disk: /dev/sdb, /dev/mmcblk0",
    });
  }
  const sequence = await readFile(join("/sys/class/block", basename(real), "diskseq"), "utf8").catch(() => "");
  return { ...describe(await askKernel(real), await isSdCard(real)), sameness: samenessOf(about, sequence.trim()) };
}

/**
 * `sequence`: the kernel's count of disks (5.15 and later), which no two have, also one after the other under one number. A file's number is given
 * again as well, so its birth is told.
 */
export function samenessOf({ dev, ino, rdev, mode, birthtimeMs }: Stats, sequence: string): string {
  return (mode & constants.S_IFMT) === constants.S_IFBLK
    ? `disk ${rdev} ${sequence}`
    : `file ${dev} ${ino} ${birthtimeMs}`;
}

/** What `lsblk` said of it, judged; pure. */
export function describe(block: Block, isSd: boolean): Omit<Target, "sameness"> {
  const title = [block.vendor, block.model]
    // A stick says of itself what it likes; it is not to speak to the terminal.
    .map((text) => text && printable(text).trim())
    .filter(Boolean)
    .join(" ");
  return {
    path: block.path,
    kind: block.type === "part" ? "partition" : "disk",
    sizeBytes: block.size,
    title: title === "" ? `a disk (${block.type})` : title,
    isRemovable: block.rm || block.hotplug || block.tran === "usb" || isSd,
    isReadOnly: block.ro,
    mounts: mountsOf(block),
  };
}

// A disk is in use by what lies on it however deep: a volume in a volume group in an encrypted partition.
function mountsOf({ mountpoints, children = [] }: Block): string[] {
  return [...mountpoints.filter((place) => place !== null).map(printable), ...children.flatMap(mountsOf)];
}

async function askKernel(path: string): Promise<Block> {
  const asked = await execa("lsblk", ["--json", "--bytes", "--output", columns, path], { reject: false });
  if (asked.failed) {
    const isMissing = asked.cause instanceof Error && "code" in asked.cause && asked.cause.code === "ENOENT";
    if (isMissing)
      throw new BulkheadError("MISSING_PROGRAM", "lsblk is not installed", {
        remedy: "it is in the package util-linux",
      });
    throw new BulkheadError("FLASH_TARGET_REFUSED", `the kernel does not describe ${path}: ${asked.stderr.trim()}`);
  }
  const [block] = answerSchema.parse(JSON.parse(asked.stdout)).blockdevices;
  if (block === undefined) throw new BulkheadError("FLASH_TARGET_REFUSED", `the kernel does not describe ${path}`);
  return block;
}

/** In a reader that is not on USB the kernel does not call a card removable; it says what it is. */
async function isSdCard(path: string): Promise<boolean> {
  const kind = await readFile(join("/sys/block", basename(path), "device/type"), "utf8").catch(() => "");
  return kind.trim() === "SD";
}

/** `29.7 GiB`: disks are seldom of whole units. */
export function formatDisk(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const step = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** step;
  return `${Number.isInteger(value) ? value : value.toFixed(1)} ${units[step]}`;
}
