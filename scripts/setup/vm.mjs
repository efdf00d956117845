/**
 * QEMU and a guest's kernel for the runner `vm`, in .cache/runtimes: Debian's packages, unpacked and never installed. 170 MB are unpacked for
 * the 70 that stay, so they come only where somebody asks for them: `node scripts/setup/vm.mjs` (needs mmdebstrap), or CI.
 */
import { existsSync } from "node:fs";
import { copyFile, cp, mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { root, run } from "./process.mjs";

/** Debian's suite; an archive that is older is another directory. */
const suite = "trixie";
/** What a guest is started with: the rest of the firmware and of the devices is for other machines. */
const firmware = ["seabios/bios-256k.bin", "qemu/linuxboot_dma.bin", "qemu/kvmvapic.bin"];

/** The directory with `qemu/` (loader, program, lib, share) and `kernel`, fetched if it is not there; undefined where there is none to be had. */
export async function installVirtualMachine() {
  if (process.arch !== "x64") return undefined;
  const target = join(root, ".cache", "runtimes", `vm-${suite}`);
  if (existsSync(join(target, "kernel"))) return target;
  await mkdir(dirname(target), { recursive: true });
  const work = await mkdtemp(`${target}-`);
  try {
    const tree = join(work, "tree");
    const packages = "qemu-system-x86,seabios,linux-image-cloud-amd64";
    const options = ["--quiet", "--variant=extract", "--architectures=amd64", `--include=${packages}`];
    const lean = '--aptopt=APT::Install-Recommends "false"';
    const { ok, output } = await run("mmdebstrap", [...options, lean, suite, tree], { quiet: true });
    if (!ok) {
      process.stderr.write(`${output.trim().split("\n").slice(-3).join("\n")}\n`);
      return undefined;
    }
    const made = join(work, "made");
    await pickFrom(tree, made);
    await rename(made, target);
    return target;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** @param {string} tree @param {string} made */
async function pickFrom(tree, made) {
  const libraries = join(tree, "usr/lib/x86_64-linux-gnu");
  const loader = join(libraries, "ld-linux-x86-64.so.2");
  const program = join(tree, "usr/bin/qemu-system-x86_64");
  const qemu = join(made, "qemu");
  for (const folder of ["lib", "share"]) await mkdir(join(qemu, folder), { recursive: true });
  const listed = await run(loader, ["--library-path", libraries, "--list", program], { quiet: true });
  for (const [, path = ""] of listed.output.matchAll(/ => (\/\S+) \(0x/g)) {
    await copyFile(path, join(qemu, "lib", basename(path)));
  }
  await copyFile(loader, join(qemu, "loader"));
  await copyFile(program, join(qemu, "qemu"));
  for (const file of firmware) {
    await cp(join(tree, "usr/share", file), join(qemu, "share", basename(file)), { dereference: true });
  }
  const [kernel] = (await readdir(join(tree, "boot"))).filter((name) => name.startsWith("vmlinuz-"));
  if (kernel === undefined || !listed.ok)
    throw new Error("the packages are not what they were: no kernel, or no libraries");
  await copyFile(join(tree, "boot", kernel), join(made, "kernel"));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const target = await installVirtualMachine();
  process.stdout.write(`${target ?? `there is no QEMU for ${process.arch}, or it could not be fetched`}\n`);
  process.exitCode = target === undefined ? 1 : 0;
}
