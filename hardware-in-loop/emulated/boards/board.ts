/** What an emulated board is: the machine that QEMU makes of it, and what its kernel needs to be told. One file per board beside this one. */
import type { Architecture } from "../architecture.ts";
import type { Suite } from "../debian.ts";
import type { Edit } from "../device-tree.ts";

export type EmulatedBoard = {
  readonly name: string;
  readonly architecture: Architecture;
  /** Whose QEMU has the machine. */
  readonly suite: Suite;
  readonly machine: readonly string[];
  /** What hangs on it beyond what every guest has, as QEMU's arguments. */
  readonly devices: readonly string[];
  readonly kernelArguments: readonly string[];
  /** Debian's, with our edits; null: QEMU makes one. */
  readonly deviceTree: { readonly file: string; readonly edits: readonly Edit[] } | null;
  /** Kernel modules of its devices, which nothing loads by itself in a guest; in this order. */
  readonly modules: readonly string[];
  readonly disks: Disks;
  readonly lines: Lines;
  /** GPIO controllers in the order in which the board counts them. */
  readonly banks: readonly Bank[];
};

/** `pci`: one virtio disk for each; `card`: partitions of one memory card, in the slot that QEMU counts so, or the first that it finds. */
export type Disks = { readonly by: "pci" } | { readonly by: "card"; readonly slot: number | "first" };

/** `virtio`: ports of names. `uarts`: in QEMU's order, what is at the other end of each, and its node in the guest. */
export type Lines = { readonly by: "virtio" } | { readonly by: "uarts"; readonly uarts: readonly Uart[] };

export type Uart = {
  /** `loop`: sends back what it gets. */
  readonly end: "console" | "output" | "control" | "loop" | "none";
  readonly node: string;
};

/** `at`: the kernel's name of the controller; `path`: QEMU's of the same. */
export type Bank = { readonly at: string; readonly path: string; readonly lines: number };
