/** The processors that a guest can have: what Debian, QEMU and Node call them, and the machine that stands for each. */
import type { Suite } from "./debian.ts";

export type Architecture = {
  /** Debian's name. */
  readonly name: "arm64" | "amd64" | "armhf";
  /** Node's name, as npm's `--cpu` takes it. */
  readonly cpu: "arm64" | "x64" | "arm";
  readonly kernelPackage: string;
  /** Where the kernel comes from; the rest is trixie's. */
  readonly kernelSuite?: Suite;
  readonly qemu: string;
  readonly machine: readonly string[];
  /** Where the kernel writes. */
  readonly console: string;
  /** Debian's Node where npm has none for the processor; else npm's, the one that the checkout pins. */
  readonly nodePackage?: string;
  /** What the root file system has beyond that of the others, by Debian's names. */
  readonly morePackages?: readonly string[];
  /** Folders of the checkout that git does not know and the guest needs. */
  readonly moreFolders?: readonly string[];
};

export const architectures: Readonly<Record<Architecture["name"], Architecture>> = {
  arm64: {
    name: "arm64",
    cpu: "arm64",
    kernelPackage: "linux-image-arm64",
    qemu: "qemu-system-aarch64",
    // A processor without pointer authentication: emulating that costs more than the instructions that it guards.
    machine: ["-M", "virt", "-cpu", "cortex-a72"],
    console: "ttyAMA0",
  },
  amd64: {
    name: "amd64",
    cpu: "x64",
    kernelPackage: "linux-image-amd64",
    qemu: "qemu-system-x86_64",
    machine: ["-M", "q35", "-cpu", "Haswell-noTSX"],
    console: "ttyS0",
  },
  armhf: {
    name: "armhf",
    cpu: "arm",
    kernelPackage: "linux-image-armmp-lpae",
    qemu: "qemu-system-arm",
    machine: ["-M", "virt", "-cpu", "cortex-a15"],
    console: "ttyAMA0",
    nodePackage: "nodejs",
  },
};

/**
 * Boards whose kernel has KVM, for the emulated processor can be virtualized; with QEMU and a kernel for guests of their own
 * (`node scripts/setup/vm.mjs`), and a compiler for what runs in them.
 */
export const withKvm: Readonly<Record<"arm64" | "x64", Architecture>> = {
  arm64: {
    ...architectures.arm64,
    machine: ["-M", "virt,virtualization=on", "-cpu", "cortex-a72"],
    morePackages: ["gcc"],
    moreFolders: [".cache/runtimes/vm-trixie-arm64"],
  },
  x64: {
    ...architectures.amd64,
    machine: ["-M", "q35", "-cpu", "EPYC,+svm,+npt"],
    morePackages: ["gcc"],
    moreFolders: [".cache/runtimes/vm-trixie-x64"],
  },
};

/** Processors older than the large addresses that `virt` has: those of the i.MX 6. */
export const armhfWithoutLpae: Architecture = { ...architectures.armhf, kernelPackage: "linux-image-armmp" };

/**
 * A board whose GPIO controllers are the kernel's own simulation (gpio-sim): a test makes them, drives their inputs and sees their
 * outputs by configfs. Debian's kernels have it since 7; libgpiod's programs are there to be compared with.
 */
export const withGpioSim: Architecture = { ...architectures.arm64, kernelSuite: "sid", morePackages: ["gpiod"] };
