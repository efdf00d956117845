/** The device tree of a board that is not given one by its boot loader: the kernel package's, with what our overlay switches on. */
import { cp, readdir, rename, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";
import type { BoardImage } from "@bulkhead/protocol/manifest";
import type { Builder } from "../builder.ts";

/** Makes `<workDir>/boot-slot/device-tree` of the kernel package in `<workDir>/root`, where the board has one. Throws IMAGE_BUILD_FAILED. */
export async function takeDeviceTree(builder: Builder, workDir: string, image: BoardImage): Promise<void> {
  const { "device-tree": tree, "device-tree-overlay": overlay } = image;
  if (tree === undefined) return;
  const libraries = join(workDir, "root", "usr/lib");
  const folder = (await readdir(libraries)).find((name) => name.startsWith("linux-image-")) ?? "";
  const files = await readdir(join(libraries, folder), { recursive: true });
  const found = files.find((path) => basename(path) === basename(tree));
  if (found === undefined) throw new BulkheadError("IMAGE_BUILD_FAILED", `${image.kernel} has no device tree ${tree}`);
  const target = join(workDir, "boot-slot", "device-tree");
  await cp(join(libraries, folder, found), target);
  if (overlay === undefined) return;
  // Applied here, not by the boot loader: what a slot starts with is then one file, and what does not apply is no image.
  const compile = ["-@", "-I", "dts", "-O", "dtb", "-o", "overlay.dtbo", `/recipe/device-trees/${overlay}`];
  await builder.run("dtc", compile);
  await builder.run("fdtoverlay", ["-i", "boot-slot/device-tree", "-o", "device-tree.new", "overlay.dtbo"]);
  await rename(join(workDir, "device-tree.new"), target);
  await rm(join(workDir, "overlay.dtbo"));
}
