/** The other slot is filled and read back from the disk; files stand for partitions. */
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BaseSystem, sha256 } from "@bulkhead/protocol";
import { execa } from "execa";
import { afterEach, beforeEach, expect, onTestFinished, test } from "vitest";
import { fillSlot, holdsBase, type SlotPlaces } from "./fill.ts";

const [boot, root] = [Buffer.alloc(3 * 4096, "kernel "), Buffer.alloc(600 * 4096, "root ")];
const part = (bytes: Buffer) => ({ digest: sha256(bytes), length: bytes.length });
const base: BaseSystem = { digest: "b".repeat(64), parts: { boot: part(boot), root: part(root) } };

let directory: string;
let places: SlotPlaces;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-fill-"));
  places = { boot: join(directory, "boot-b"), root: join(directory, "root-b") };
  await writeFile(places.boot, Buffer.alloc(8 * 4096, "before "));
  await writeFile(places.root, Buffer.alloc(700 * 4096, "before "));
  for (const bytes of [boot, root]) await writeFile(join(directory, sha256(bytes)), bytes);
});
afterEach(() => rm(directory, { recursive: true }));

test("[M11] [K18] a slot that is filled holds what the release names, by its disk, and what is behind it is left alone", async () => {
  expect(await holdsBase(places, base)).toBe(false);
  await fillSlot(places, base, directory);
  expect(await holdsBase(places, base)).toBe(true);
  const written = await readFile(places.boot);
  expect(written.subarray(0, boot.length)).toEqual(boot);
  expect(written.subarray(boot.length)).toEqual(Buffer.alloc(8 * 4096, "before ").subarray(boot.length));
  written[4097] = (written[4097] ?? 0) ^ 1;
  await writeFile(places.boot, written);
  expect(await holdsBase(places, base)).toBe(false);
});

test("[M11] bytes that are not those of the release are refused, whoever endorsed them", async () => {
  const altered = Buffer.from(root);
  altered[5] = 0;
  await writeFile(join(directory, sha256(root)), altered);
  await expect(fillSlot(places, base, directory)).rejects.toMatchObject({ code: "RELEASE_ARTIFACT_ALTERED" });
  await writeFile(join(directory, sha256(root)), root.subarray(4096));
  await expect(fillSlot(places, base, directory)).rejects.toMatchObject({ code: "RELEASE_ARTIFACT_ALTERED" });
  await rm(join(directory, sha256(root)));
  await expect(fillSlot(places, base, directory)).rejects.toMatchObject({ code: "RELEASE_INVALID" });
  // A link, whose target the root server could read and the release's author could not.
  await symlink(places.root, join(directory, sha256(root)));
  await expect(fillSlot(places, base, directory)).rejects.toMatchObject({ code: "RELEASE_INVALID" });
});

test("[M11] a base system that is longer than a partition is refused before a byte of either is written", async () => {
  const before = await readFile(places.boot);
  await writeFile(places.root, Buffer.alloc(599 * 4096));
  await expect(fillSlot(places, base, directory)).rejects.toMatchObject({
    code: "BASE_SYSTEM_UNFIT",
    remedy: expect.stringContaining("bulkhead flash"),
  });
  expect(await readFile(places.boot)).toEqual(before);
});

/** A file system in a file, mounted: what the kernel has in use it gives nobody for writing alone. */
async function mounted(): Promise<string> {
  // Not in the directory that each test has: that is removed before this is unmounted.
  const own = await mkdtemp(join(tmpdir(), "bulkhead-mounted-"));
  const [image, place] = [join(own, "disk"), join(own, "mount")];
  await mkdir(place);
  await writeFile(image, Buffer.alloc(4 * 1024 * 1024));
  await execa("mke2fs", ["-q", "-t", "ext4", image]);
  const { stdout: device } = await execa("losetup", ["--find", "--show", image]);
  onTestFinished(async () => {
    await execa("umount", ["--", place], { reject: false });
    await execa("losetup", ["--detach", device], { reject: false });
    await rm(own, { recursive: true });
  });
  await execa("mount", ["-t", "ext4", device, place]);
  return device;
}

test.skipIf(process.getuid?.() !== 0 || !existsSync("/dev/loop-control"))(
  "[M11] a partition that the kernel has in use, as that of the slot that runs, is not written to",
  async () => {
    const device = await mounted();
    await expect(fillSlot({ ...places, root: device }, base, directory)).rejects.toMatchObject({
      code: "BASE_SYSTEM_UNFIT",
      message: expect.stringContaining("is in use"),
    });
  },
);

test("[M11] a disk that does not give back what was written is found out", async () => {
  const worn: SlotPlaces = { ...places, boot: places.root };
  // The second write goes over the first: what is read back of the first is not what was written.
  await expect(fillSlot(worn, base, directory)).rejects.toMatchObject({ code: "BASE_SYSTEM_ALTERED" });
});
