/** The first archive of a slot, of a root that a test makes up, read back by what a kernel reads: cpio, newc. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { execaSync } from "execa";
import { afterEach, beforeEach, expect, test } from "vitest";
import { recipeDir } from "../places.ts";
import { makeInitramfs } from "./initramfs.ts";

const release = "6.12-arm64";
let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "bulkhead-initramfs-"));
  put("usr/bin/busybox", "busybox");
  put("usr/sbin/dmsetup", "\0libone.so.1.02\0ld-linux.so.2\0not-there.so.9\0");
  put("usr/lib/aarch64-linux-gnu/libone.so.1.02", "\0libtwo.so.6\0");
  put("usr/lib/aarch64-linux-gnu/libtwo.so.6", "\0libone.so.1.02\0");
  put("usr/lib/aarch64-linux-gnu/libthree.so.6", "");
  put("usr/lib/aarch64-linux-gnu/ld-linux.so.2", "");
  put(`usr/lib/modules/${release}/modules.builtin`, "kernel/lib/crc32c_generic.ko\nkernel/fs/erofs/erofs.ko\n");
  module("drivers/md/dm-verity", "dm-bufio,dm-mod");
  module("drivers/md/dm-bufio", "dm-mod");
  module("drivers/md/dm-mod", "");
  module("drivers/mmc/mmc_block", "mmc-core");
  module("drivers/mmc/mmc-core", "");
  module("drivers/net/other", "");
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function put(path: string, content: string | Buffer): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
}

function module(path: string, needs: string): void {
  put(`usr/lib/modules/${release}/kernel/${path}.ko`, `module ${path}\0depends=${needs}\0`);
}

/** Of each entry: what it holds; null for a folder. */
function entriesOf(archive: Buffer): Map<string, string | null> {
  const entries = new Map<string, string | null>();
  for (let at = 0; ; ) {
    const field = (index: number) =>
      Number.parseInt(archive.toString("latin1", at + 6 + index * 8, at + 14 + index * 8), 16);
    const [mode, size, nameBytes] = [field(1), field(6), field(11)];
    const content = at + Math.ceil((110 + nameBytes) / 4) * 4;
    const name = archive.toString("latin1", at + 110, at + 110 + nameBytes - 1);
    if (name === "TRAILER!!!") return entries;
    entries.set(name, mode & 0o040000 ? null : archive.toString("latin1", content, content + size));
    at = content + Math.ceil(size / 4) * 4;
  }
}

test("[K18] the first archive has our first process, its programs with the libraries that they ask for, and folders before what is in them", async () => {
  const entries = entriesOf(await makeInitramfs(root, release, ["mmc_block"]));
  expect(entries.get("init")).toBe(readFileSync(join(recipeDir, "initramfs/init"), "latin1"));
  expect(entries.get("bin/busybox")).toBe("busybox");
  const names = [...entries.keys()];
  expect(names.filter((name) => name.startsWith("lib/")).sort()).toEqual([
    "lib/ld-linux.so.2",
    "lib/libone.so.1.02",
    "lib/libtwo.so.6",
  ]);
  expect(entries.get("modules")).toBeNull();
  for (const name of names.filter((one) => one.includes("/")))
    expect(names.indexOf(dirname(name))).toBeLessThan(names.indexOf(name));
});

test("[K18] modules come each after what it needs, without those of the kernel itself and those that nobody asked for", async () => {
  const entries = entriesOf(await makeInitramfs(root, release, ["mmc_block"]));
  const order = entries.get("modules/order")?.trim().split("\n");
  expect(order).toEqual(["dm_mod.ko", "dm_bufio.ko", "dm_verity.ko", "mmc_core.ko", "mmc_block.ko"]);
  expect([...entries.keys()].filter((name) => name.endsWith(".ko"))).toEqual(order?.map((name) => `modules/${name}`));
  expect(entries.get("modules/mmc_block.ko")).toContain("module drivers/mmc/mmc_block");
});

const packings = {
  gz: (content: Buffer) => gzipSync(content),
  zst: (content: Buffer) => zstdCompressSync(content),
  xz: (content: Buffer) => Buffer.from(execaSync("xz", ["--stdout"], { input: content, encoding: "buffer" }).stdout),
};
// Images cannot be built without xz, and the rest of Bulkhead can.
const hasXz = !execaSync("xz", ["--version"], { reject: false }).failed;

test.for(["gz", "zst", "xz"] as const)(
  "[K18] a module packed as %s is unpacked, for the first process has nothing that could",
  async (packing, { skip }) => {
    skip(packing === "xz" && !hasXz, "this machine has no xz");
    const content = Buffer.from("unpacked\0depends=\0");
    put(`usr/lib/modules/${release}/kernel/drivers/md/sha256-arm64.ko.${packing}`, packings[packing](content));
    expect(entriesOf(await makeInitramfs(root, release, [])).get("modules/sha256_arm64.ko")).toBe(
      "unpacked\0depends=\0",
    );
  },
);

test("[K18] a module that the kernel has not is told when the image is built, not when the board does not start", async () => {
  await expect(makeInitramfs(root, release, ["mmc_block", "of_nobody"])).rejects.toMatchObject({
    ...{ code: "IMAGE_BUILD_FAILED", message: expect.stringMatching(/^the kernel has no of_nobody,/) },
  });
});

test("[K18] the same root gives the same bytes", async () => {
  const [one, other] = [await makeInitramfs(root, release, []), await makeInitramfs(root, release, [])];
  expect(one.equals(other)).toBe(true);
});
