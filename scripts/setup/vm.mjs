/**
 * QEMU and a guest's kernel for the runner `vm`, in .cache/runtimes: Debian's packages, unpacked and never installed. 170 MB are unpacked for
 * the 70 that stay, so they come only where somebody asks for them: `node scripts/setup/vm.mjs` (needs mmdebstrap), or CI. With `x64` or `arm64` they
 * are those of another board.
 */
import { existsSync } from "node:fs";
import { copyFile, cp, mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { librariesOf } from "./elf.mjs";
import { root, run } from "./process.mjs";

/** Debian's suite; an archive that is older is another directory. */
const suite = "trixie";

/**
 * By Node's name of the processor. `firmware`: what a guest is started with there; the rest of it is for other machines.
 *
 * @typedef {{ debian: string, kernel: string, qemuPackages: readonly string[], qemu: string, libraries: string, loader: string, firmware: readonly string[] }} Machine
 * @type {Readonly<Record<string, Machine>>}
 */
const machines = {
  x64: {
    debian: "amd64",
    kernel: "linux-image-cloud-amd64",
    qemuPackages: ["qemu-system-x86", "seabios"],
    qemu: "qemu-system-x86_64",
    libraries: "x86_64-linux-gnu",
    loader: "ld-linux-x86-64.so.2",
    firmware: ["seabios/bios-256k.bin", "qemu/linuxboot_dma.bin", "qemu/kvmvapic.bin"],
  },
  arm64: {
    debian: "arm64",
    kernel: "linux-image-cloud-arm64",
    qemuPackages: ["qemu-system-arm"],
    qemu: "qemu-system-aarch64",
    libraries: "aarch64-linux-gnu",
    loader: "ld-linux-aarch64.so.1",
    firmware: [],
  },
};

/**
 * The directory with `qemu/` (loader, program, lib, share) and `kernel`, fetched if it is not there; undefined where there is none to be had.
 *
 * @param {string} architecture
 */
export async function installVirtualMachine(architecture = process.arch) {
  const machine = machines[architecture];
  if (machine === undefined) return undefined;
  const target = join(root, ".cache", "runtimes", `vm-${suite}-${architecture}`);
  if (existsSync(join(target, "kernel"))) return target;
  await mkdir(dirname(target), { recursive: true });
  const work = await mkdtemp(`${target}-`);
  try {
    const tree = join(work, "tree");
    const packages = [...machine.qemuPackages, machine.kernel].join(",");
    const options = ["--quiet", "--variant=extract", `--architectures=${machine.debian}`, `--include=${packages}`];
    const lean = '--aptopt=APT::Install-Recommends "false"';
    const { ok, output } = await run("mmdebstrap", [...options, lean, suite, tree], { quiet: true });
    if (!ok) {
      process.stderr.write(`${output.trim().split("\n").slice(-3).join("\n")}\n`);
      return undefined;
    }
    const made = join(work, "made");
    await pickFrom(machine, tree, made);
    await rename(made, target);
    return target;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** @param {Machine} machine @param {string} tree @param {string} made */
async function pickFrom(machine, tree, made) {
  const libraries = join(tree, "usr/lib", machine.libraries);
  const program = join(tree, "usr/bin", machine.qemu);
  const qemu = join(made, "qemu");
  for (const folder of ["lib", "share"]) await mkdir(join(qemu, folder), { recursive: true });
  for (const path of await librariesOf(program, libraries)) await copyFile(path, join(qemu, "lib", basename(path)));
  await copyFile(join(libraries, machine.loader), join(qemu, "loader"));
  await copyFile(program, join(qemu, "qemu"));
  for (const file of machine.firmware) {
    await cp(join(tree, "usr/share", file), join(qemu, "share", basename(file)), { dereference: true });
  }
  const [kernel] = (await readdir(join(tree, "boot"))).filter((name) => name.startsWith("vmlinuz-"));
  if (kernel === undefined) throw new Error("the packages are not what they were: there is no kernel");
  await copyFile(join(tree, "boot", kernel), join(made, "kernel"));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const [, , asked = process.arch] = process.argv;
  const target = await installVirtualMachine(asked);
  process.stdout.write(`${target ?? `there is no QEMU for ${asked}, or it could not be fetched`}\n`);
  process.exitCode = target === undefined ? 1 : 0;
}
