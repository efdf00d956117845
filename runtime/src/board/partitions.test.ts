import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { findPartition } from "./partitions.ts";

/** Disks as the kernel shows them: a directory each, with those of its partitions in it, and a link to all in one place. */
function kernelWith(disks: Readonly<Record<string, readonly string[]>>, rootOn?: string): string {
  const base = mkdtempSync(join(tmpdir(), "bulkhead-blocks-"));
  onTestFinished(() => rmSync(base, { recursive: true, force: true }));
  const blocks = join(base, "class");
  mkdirSync(blocks);
  for (const [disk, names] of Object.entries(disks)) {
    for (const [index, name] of names.entries()) {
      const device = `${disk}p${index + 1}`;
      mkdirSync(join(base, disk, device), { recursive: true });
      writeFileSync(join(base, disk, device, "uevent"), `DEVTYPE=partition\nPARTNAME=${name}\n`);
      symlinkSync(join(base, disk, device), join(blocks, device));
    }
  }
  if (rootOn !== undefined) {
    mkdirSync(join(base, "dm-0", "slaves", rootOn), { recursive: true });
    symlinkSync(join(base, "dm-0"), join(blocks, "dm-0"));
  }
  return blocks;
}

const image = ["boot-a", "root-a"];

test("[K18] a partition is found by its name", async () => {
  expect(await findPartition("root-a", kernelWith({ mmcblk0: image }))).toBe("/dev/mmcblk0p2");
});

test.each(["mmcblk0", "mmcblk1"])(
  "[K18] of two disks with the same names the board's is that of its root: %s",
  async (disk) => {
    const blocks = kernelWith({ mmcblk0: image, mmcblk1: image }, `${disk}p2`);
    expect(await findPartition("boot-a", blocks)).toBe(`/dev/${disk}p1`);
  },
);

test("[K18] a name that only another disk than the root's has is none of the board", async () => {
  const blocks = kernelWith({ mmcblk0: image, sda: ["state-0"] }, "mmcblk0p2");
  await expect(findPartition("state-0", blocks)).rejects.toMatchObject({ code: "FILE_UNREADABLE" });
});

test("[K18] where nothing tells which of two it is, neither is taken", async () => {
  await expect(findPartition("boot-a", kernelWith({ mmcblk0: image, sda: image }))).rejects.toMatchObject({
    ...{ code: "FILE_UNREADABLE", message: "mmcblk0p1 and sdap1 are both named boot-a" },
  });
});
