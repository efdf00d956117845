/** What the boot loader reads: the boot script, and for each slot its kernel, first archive, device tree, and words for the kernel. */
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Board, BoardImage } from "@bulkhead/protocol/manifest";
import type { Builder } from "../builder.ts";
import { recipeDir } from "../places.ts";
import { baseDigest } from "./base.ts";

/** Adds the first archive and the words for the kernel. Returns the digest of the base system that the slot has then. */
export async function addArchive(builder: Builder, workDir: string, archive: Buffer, word: string): Promise<string> {
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
  const digest = await baseDigest(folder, word);
  await writeFile(join(folder, "slot.env"), `words=${word} bulkhead.base=${digest}\n`);
  return digest;
}

/** What every start of a board tells its kernel, whichever slot it is and whoever loads it. */
export const kernelOptions = (image: BoardImage): string[] => [
  `console=${image.console}`,
  "quiet",
  "systemd.getty_auto=no",
  "net.ifnames=0",
  // With huge pages the kernel holds some 50 MiB of 1 GiB free for them, and gives small processes more than they asked for.
  "transparent_hugepage=never",
  ...image["kernel-options"],
];

/** Makes `<workDir>/boot/boot.scr`, which is the same for both slots. */
export async function makeBootScript(
  builder: Builder,
  workDir: string,
  board: Board,
  image: BoardImage,
): Promise<void> {
  const template = await readFile(join(recipeDir, "boot", "boot.cmd"), "utf8");
  const own = image["device-tree"] !== undefined || existsSync(join(workDir, "boot-slot", "device-tree"));
  const values = {
    options: kernelOptions(image).join(" "),
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
