/** What the boot loader reads: the boot script, and for each slot its kernel, first archive, device tree, and words for the kernel. */
import { cp, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";
import type { Board, BoardImage } from "@bulkhead/protocol/manifest";
import type { Builder } from "../builder.ts";
import { recipeDir } from "../places.ts";

/** Makes `<workDir>/boot-slot` of the kernel in `<workDir>/root`, which has it no more then. */
export async function takeKernel(workDir: string, image: BoardImage): Promise<void> {
  const boot = join(workDir, "root", "boot");
  const kernel = (await readdir(boot)).find((name) => name.startsWith("vmlinuz-"));
  if (kernel === undefined) throw new BulkheadError("IMAGE_BUILD_FAILED", `${image.kernel} holds no kernel`);
  await mkdir(join(workDir, "boot-slot"), { recursive: true });
  await rename(join(boot, kernel), join(workDir, "boot-slot", "kernel"));
  await rm(boot, { recursive: true });
  const tree = image["device-tree"];
  if (tree === undefined) return;
  const libraries = join(workDir, "root", "usr/lib");
  const folder = (await readdir(libraries)).find((name) => name.startsWith("linux-image-")) ?? "";
  const files = await readdir(join(libraries, folder), { recursive: true });
  const found = files.find((path) => basename(path) === basename(tree));
  if (found === undefined) throw new BulkheadError("IMAGE_BUILD_FAILED", `${image.kernel} has no device tree ${tree}`);
  await cp(join(libraries, folder, found), join(workDir, "boot-slot", "device-tree"));
}

/** Adds the first archive and the words for the kernel. */
export async function addArchive(builder: Builder, workDir: string, archive: Buffer, word: string): Promise<void> {
  const folder = join(workDir, "boot-slot");
  await writeFile(join(folder, "archive.cpio"), archive);
  await builder.run("zstd", [
    "--quiet",
    "-19",
    "--single-thread",
    "--rm",
    "boot-slot/archive.cpio",
    "-o",
    "boot-slot/archive",
  ]);
  await writeFile(join(folder, "slot.env"), `words=${word}\n`);
}

/** Makes `<workDir>/boot/boot.scr`, which is the same for both slots. */
export async function makeBootScript(
  builder: Builder,
  workDir: string,
  board: Board,
  image: BoardImage,
): Promise<void> {
  const template = await readFile(join(recipeDir, "boot", "boot.cmd"), "utf8");
  const own = image["device-tree"] !== undefined;
  const values = {
    options: [
      `console=${image.console}`,
      "quiet",
      "systemd.getty_auto=no",
      "net.ifnames=0",
      ...image["kernel-options"],
    ].join(" "),
    boot: board.architecture === "arm64" ? "booti" : "bootz",
    "load-device-tree": own ? `load \${devtype} \${devnum}:\${number} \${fdt_addr_r} /device-tree` : "true",
    "device-tree": own ? "fdt_addr_r" : "fdtcontroladdr",
  };
  const text = template.replace(/@([a-z-]+)@/g, (all, name: string) => values[name as keyof typeof values] ?? all);
  await mkdir(join(workDir, "boot"), { recursive: true });
  await writeFile(join(workDir, "boot.cmd"), text);
  const about = ["-A", board.architecture === "arm64" ? "arm64" : "arm", "-O", "linux", "-T", "script", "-C", "none"];
  await builder.run("mkimage", [...about, "-n", "Bulkhead", "-d", "boot.cmd", "boot/boot.scr"]);
}
