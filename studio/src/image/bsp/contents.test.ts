import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { type BoardSupport, takeSupport } from "./contents.ts";

const release = "5.15.71-lmp";
/** By their marks: an arm64 Image, and a compiled tree of 40 bytes. */
const image = Buffer.concat([Buffer.alloc(56), Buffer.from("ARM\x64", "latin1"), Buffer.alloc(4)]);
const tree = Buffer.concat([Buffer.from("d00dfeed00000028", "hex"), Buffer.alloc(32)]);

let directory: string;
let folder: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "bulkhead-bsp-"));
  folder = join(directory, "bsp");
  mkdirSync(folder);
  onTestFinished(() => rmSync(directory, { recursive: true }));
});

function put(path: string, content: string | Buffer = "content"): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), content);
}
function putKernel(): void {
  put("kernel", image);
  put(`modules/${release}/modules.builtin`, "kernel/fs/erofs/erofs.ko\n");
  put(`modules/${release}/kernel/drivers/md/dm-verity.ko`);
}
const take = (): Promise<BoardSupport> => takeSupport(folder, join(directory, "taken"));
const refused = (message: RegExp, remedy = /images\.md/) =>
  expect.objectContaining({
    code: "IMAGE_SUPPORT_INVALID",
    message: expect.stringMatching(message),
    remedy: expect.stringMatching(remedy),
  });
async function refusal(): Promise<unknown> {
  return take().catch((error: unknown) => error);
}

describe("a board support package", () => {
  test("[K18] is copied, each part of it found, and every file named by its digest, in order", async () => {
    putKernel();
    put("device-tree", tree);
    put("firmware/imx/sdma/sdma-imx7d.bin");
    put("boot-loader", "loader");
    const support = await take();
    const copy = join(directory, "taken");
    expect(support).toMatchObject({
      kernel: { file: join(copy, "kernel"), release, modules: join(copy, "modules", release) },
      ...{
        deviceTree: join(copy, "device-tree"),
        firmware: join(copy, "firmware"),
        bootLoader: join(copy, "boot-loader"),
      },
    });
    expect(support.files.map(({ path }) => path)).toEqual([
      ...["boot-loader", "device-tree", "firmware/imx/sdma/sdma-imx7d.bin", "kernel"],
      ...[`modules/${release}/kernel/drivers/md/dm-verity.ko`, `modules/${release}/modules.builtin`],
    ]);
    expect(new Set(support.files.map(({ sha256 }) => sha256)).size).toBe(5);
    expect(readFileSync(join(copy, "kernel")).equals(image)).toBe(true);
  });

  test("[K18] is refused where the release's name could be an option of a program, or a way out of a folder", async () => {
    putKernel();
    for (const name of ["-C", ".hidden", "5.15 lmp", "5.15;lmp"]) {
      const before = join(folder, "modules", release);
      renameSync(before, join(folder, "modules", name));
      expect(await refusal()).toEqual(refused(/modules.*no name of a kernel's release/, /make modules_install/));
      renameSync(join(folder, "modules", name), before);
      rmSync(join(directory, "taken"), { recursive: true });
    }
    await take();
  });

  test("[K18] may be a boot loader alone, for a board whose kernel Debian has", async () => {
    put("boot-loader", "loader");
    expect(await take()).toMatchObject({ kernel: undefined, deviceTree: undefined, firmware: undefined });
  });

  test("[K18] may have links within itself; those of `make modules_install` to the kernel's sources are left out", async () => {
    putKernel();
    symlinkSync("/usr/src/linux", join(folder, "modules", release, "build"));
    put("firmware/one.bin", "the firmware");
    symlinkSync("one.bin", join(folder, "firmware/two.bin"));
    const { files } = await take();
    expect(files.map(({ path }) => path)).not.toContain(`modules/${release}/build`);
    expect(readFileSync(join(directory, "taken/firmware/two.bin"), "utf8")).toBe("the firmware");
  });
});

describe("no board support package is", () => {
  test("[K18] a folder with a link out of it, or one that leads nowhere", async () => {
    writeFileSync(join(directory, "secret"), "of this machine");
    put("firmware/a.bin");
    symlinkSync("../../secret", join(folder, "firmware/b.bin"));
    expect(await refusal()).toEqual(refused(/b\.bin: it leads out of the folder/));
    rmSync(join(folder, "firmware/b.bin"));
    symlinkSync("/nowhere", join(folder, "firmware/c.bin"));
    expect(await refusal()).toEqual(refused(/c\.bin: it leads nowhere/));
  });

  test("[K18] one with a part that is none; the nearest is named", async () => {
    put("devicetree", tree);
    expect(await refusal()).toEqual(refused(/devicetree: it is no part of/, /device-tree/));
  });

  test("[K18] one whose kernel is packed or something else, or whose device tree is a source", async () => {
    putKernel();
    put("kernel", Buffer.from("1f8b0800", "hex"));
    expect(await refusal()).toEqual(refused(/kernel: it is no kernel .* compressed: unpack it/));
    put("kernel", "MZ");
    expect(await refusal()).toEqual(
      refused(/kernel: it is no kernel that `booti` \(Image\) or `bootz` \(zImage\) starts$/),
    );
    put("kernel", image);
    put("device-tree", "/dts-v1/;");
    expect(await refusal()).toEqual(refused(/device-tree: it is no compiled device tree/));
  });

  test("[K18] a kernel without its modules, modules of two kernels, or a folder that is not as the kernel writes it", async () => {
    put("kernel", image);
    expect(await refusal()).toEqual(refused(/modules: it is not there: a kernel and its modules come together/));
    put(`modules/${release}/kernel/a.ko`);
    expect(await refusal()).toEqual(refused(/has no modules\.builtin/));
    put("modules/6.1.0/modules.builtin");
    expect(await refusal()).toEqual(refused(/modules: it has to hold one folder/));
  });

  test("[K18] a file, or nothing", async () => {
    expect(await takeSupport(join(directory, "none"), join(directory, "taken")).catch((error) => error)).toEqual(
      refused(/none: it cannot be read/),
    );
    put("kernel");
    expect(await takeSupport(join(folder, "kernel"), join(directory, "taken")).catch((error) => error)).toEqual(
      refused(/kernel: it is no folder/),
    );
  });
});
