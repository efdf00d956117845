import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { uuidOf } from "../../uuid.ts";
import { buildableOf, readBoards } from "../board.ts";
import type { Builder } from "../builder.ts";
import { prune } from "../root/packages.ts";
import { makeBootScript } from "./boot-files.ts";
import { takeDeviceTree } from "./device-tree.ts";
import { makeRootImage } from "./root-image.ts";

const boards = new Map(readBoards().map((board) => [board.board, board]));
let workDir: string;
let asked: string[];
let answer: (program: string) => string;
/** Notes what it is asked for and makes nothing. */
const builder: Builder = {
  async run(program, args) {
    asked.push([program, ...args].join(" "));
    return answer(program);
  },
};

beforeEach(() => {
  workDir = mkdtempSync(join(tmpdir(), "bulkhead-slot-"));
  asked = [];
  answer = () => "";
});
afterEach(() => rmSync(workDir, { recursive: true, force: true }));

function buildable(name: string) {
  const board = boards.get(name);
  if (board === undefined) throw new Error(`no board ${name}`);
  return buildableOf(board);
}

describe("the boot script", () => {
  async function scriptOf(name: string): Promise<string> {
    const { board, image } = buildable(name);
    await makeBootScript(builder, workDir, board, image);
    return readFileSync(join(workDir, "boot.cmd"), "utf8");
  }

  test("[K18] of a board with its own device tree loads it from the slot, and starts a 32-bit kernel", async () => {
    const script = await scriptOf("beaglebone-black");
    expect(script).not.toMatch(/@[a-z-]+@/);
    expect(script).toContain(`load \${devtype} \${devnum}:\${number} \${fdt_addr_r} /device-tree`);
    expect(script).toContain(`bootz \${kernel_addr_r} \${ramdisk_addr_r}:\${filesize} \${fdt_addr_r}`);
    expect(script).toContain("console=ttyO0,115200n8 ");
    expect(asked).toEqual([expect.stringMatching(/^mkimage -A arm -O linux -T script /)]);
  });

  test("[K18] of a machine that makes its own takes the boot loader's, and starts a 64-bit kernel", async () => {
    const script = await scriptOf("qemu-virt-arm64");
    expect(script).not.toMatch(/@[a-z-]+@|\/device-tree/);
    expect(script).toContain(`booti \${kernel_addr_r} \${ramdisk_addr_r}:\${filesize} \${fdtcontroladdr}`);
    expect(asked).toEqual([expect.stringMatching(/^mkimage -A arm64 /)]);
  });
});

describe("the device tree of a slot", () => {
  const trees = "root/usr/lib/linux-image-6.12-armmp";
  const { image } = buildable("beaglebone-black");

  test("[K18] is the kernel package's with the board's overlay, applied by the builder", async () => {
    mkdirSync(join(workDir, trees, "ti"), { recursive: true });
    mkdirSync(join(workDir, "boot-slot"));
    writeFileSync(join(workDir, trees, "ti/am335x-boneblack.dtb"), "Debian's");
    answer = (program) => {
      const made = program === "dtc" ? "overlay.dtbo" : "device-tree.new";
      writeFileSync(join(workDir, made), program);
      return "";
    };
    await takeDeviceTree(builder, workDir, image);
    expect(asked).toEqual([
      "dtc -@ -I dts -O dtb -o overlay.dtbo /recipe/device-trees/beaglebone-black.dtso",
      "fdtoverlay -i boot-slot/device-tree -o device-tree.new overlay.dtbo",
    ]);
    expect(readFileSync(join(workDir, "boot-slot/device-tree"), "utf8")).toBe("fdtoverlay");
  });

  test("[K18] is refused where the kernel package has none of that name", async () => {
    mkdirSync(join(workDir, trees), { recursive: true });
    await expect(takeDeviceTree(builder, workDir, image)).rejects.toMatchObject({
      code: "IMAGE_BUILD_FAILED",
      message: "linux-image-armmp has no device tree am335x-boneblack.dtb",
    });
  });
});

describe("the root of a slot", () => {
  test("[K18] is told to the kernel by its blocks, the digest of its tree, and its board's own salt", async () => {
    writeFileSync(join(workDir, "root.image"), Buffer.alloc(4096 * 3 + 1));
    answer = (program) => (program === "veritysetup" ? `Root hash:      \t${"5e".repeat(32)}\n` : "");
    const one = await makeRootImage(builder, workDir, "one", 7);
    expect(one.word).toMatch(new RegExp(`^bulkhead\\.root=4:${"5e".repeat(32)}:[0-9a-f]{64}$`));
    expect(asked[0]).toMatch(/^mkfs\.erofs .*-T7 --all-time -U/);
    expect(asked[1]).toContain("--hash-offset=16384");
    const other = await makeRootImage(builder, workDir, "other", 7);
    expect(other.word.split(":")[2]).not.toBe(one.word.split(":")[2]);
  });

  test("[K18] is without what the recipe leaves out, and no more", async () => {
    const files = [
      "usr/share/man/man1/a.1",
      "usr/lib/modules/6.12/kernel/sound/b.ko",
      "usr/lib/modules/6.12/kernel/c.ko",
    ];
    for (const file of files) {
      mkdirSync(join(workDir, file, ".."), { recursive: true });
      writeFileSync(join(workDir, file), "");
    }
    await prune(workDir, ["usr/share/man", "usr/lib/modules/*/kernel/sound", "usr/share/none"]);
    const left = files.filter((file) => {
      try {
        return readFileSync(join(workDir, file)).length === 0;
      } catch {
        return false;
      }
    });
    expect(left).toEqual(["usr/lib/modules/6.12/kernel/c.ko"]);
  });

  test("[K18] has identifiers of RFC 9562's version 8", () => {
    expect(uuidOf("0123456789abcdef0123456789abcdef")).toBe("01234567-89ab-8def-8123-456789abcdef");
  });
});
