/** A slot's kernel and device tree: those of Debian's package, or those that a maker brings. */
import { cp, mkdir, readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";
import type { BoardImage } from "@bulkhead/protocol/manifest";
import type { BoardSupport } from "../bsp/contents.ts";
import type { Builder } from "../builder.ts";
import { takeDeviceTree } from "./device-tree.ts";

const slotOf = (workDir: string) => join(workDir, "boot-slot");

/** Makes `<workDir>/boot-slot` of the kernel in `<workDir>/root`, which has it no more then, and of its device tree. */
export async function takeKernel(builder: Builder, workDir: string, image: BoardImage): Promise<void> {
  const boot = join(workDir, "root", "boot");
  const kernel = (await readdir(boot)).find((name) => name.startsWith("vmlinuz-"));
  if (kernel === undefined) throw new BulkheadError("IMAGE_BUILD_FAILED", `${image.kernel} holds no kernel`);
  await mkdir(slotOf(workDir), { recursive: true });
  await rename(join(boot, kernel), join(slotOf(workDir), "kernel"));
  await rm(boot, { recursive: true });
  await takeDeviceTree(builder, workDir, image);
}

/**
 * What a board support package brings, in the place of Debian's or beside it: a kernel with its modules, a device tree, firmware. A tree that is
 * brought is taken as it is; the board's overlay is for Debian's.
 */
export async function bringKernel(
  workDir: string,
  image: BoardImage,
  { kernel, deviceTree, firmware }: BoardSupport,
): Promise<void> {
  const slot = slotOf(workDir);
  const root = join(workDir, "root");
  await mkdir(slot, { recursive: true });
  if (kernel !== undefined) {
    await cp(kernel.file, join(slot, "kernel"));
    const modules = join(root, "usr/lib/modules", kernel.release);
    await mkdir(dirname(modules), { recursive: true });
    await cp(kernel.modules, modules, { recursive: true });
  }
  if (firmware !== undefined) await cp(firmware, join(root, "usr/lib/firmware"), { recursive: true });
  if (deviceTree !== undefined) await cp(deviceTree, join(slot, "device-tree"));
  else if (kernel !== undefined && image["device-tree"] !== undefined) {
    throw new BulkheadError(
      "IMAGE_SUPPORT_INVALID",
      "a kernel is brought without the device tree that this board needs",
      {
        remedy: "put the maker's `device-tree` beside its `kernel`",
      },
    );
  }
}
