/** Where device trees come from: Debian's kernels, with the overlays of ours, and QEMU, which makes one for its own machine. */
import { cp, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { cached, repository } from "../../../hardware-in-loop/emulated/cache.ts";
import { suite, unpackDebian } from "../../../hardware-in-loop/emulated/debian.ts";
import { openTools } from "../../../hardware-in-loop/emulated/tools.ts";
import { type Node, parseTree } from "./tree.ts";

type Kernel = { readonly architecture: string; readonly package: string };

/** Debian's tree of this name, with the overlay applied where one is named. Rejects with what the compiler says, warnings included. */
export async function debianTree(kernel: Kernel, name: string, overlay?: string): Promise<Node> {
  const directory = await cached("device-trees", { suite, kernel }, async (target) => {
    const all = join(target, "all");
    await unpackDebian(kernel.architecture, [kernel.package], all);
    const version = (await readdir(join(all, "usr/lib"))).find((each) => each.startsWith("linux-image-")) ?? "";
    await cp(join(all, "usr/lib", version), join(target, "trees"), { recursive: true });
    await rm(all, { recursive: true });
  });
  return await inScratch(async (scratch) => {
    const base = join(directory, "trees", name);
    if (overlay === undefined) return await decompile(base);
    const [compiled, applied] = [join(scratch, "overlay.dtbo"), join(scratch, "applied.dtb")];
    await run("dtc", [
      "-@",
      "-I",
      "dts",
      "-O",
      "dtb",
      "-o",
      compiled,
      join(repository, "images/device-trees", overlay),
    ]);
    await run("fdtoverlay", ["-i", base, "-o", applied, compiled]);
    return await decompile(applied);
  });
}

/** Of QEMU's machine `virt`, as `program` makes it. */
export async function virtTree(program: string, processor: string): Promise<Node> {
  const tools = await openTools();
  return await inScratch(async (scratch) => {
    const file = join(scratch, "virt.dtb");
    const [command, ...rest] = tools.command(`usr/bin/${program}`);
    const firmware = ["-L", tools.path("usr/share/qemu"), "-display", "none", "-nic", "none"];
    await execa(command, [...rest, ...firmware, "-M", `virt,dumpdtb=${file}`, "-cpu", processor]);
    return await decompile(file);
  });
}

async function decompile(file: string): Promise<Node> {
  return parseTree(await run("dtc", ["-q", "-I", "dtb", "-O", "dts", file]));
}

async function run(program: string, args: readonly string[]): Promise<string> {
  const tools = await openTools(["device-tree-compiler"]);
  const [command, ...rest] = tools.command(`usr/bin/${program}`, program);
  const { stdout, stderr } = await execa(command, [...rest, ...args]);
  if (stderr !== "") throw new Error(`${program}: ${stderr}`);
  return stdout;
}

async function inScratch<T>(work: (scratch: string) => Promise<T>): Promise<T> {
  const scratch = await mkdtemp(join(tmpdir(), "bulkhead-trees-"));
  try {
    return await work(scratch);
  } finally {
    await rm(scratch, { recursive: true });
  }
}

export async function readBoardText(name: string): Promise<string> {
  return await readFile(join(repository, "manifests/boards", `${name}.yaml`), "utf8");
}
