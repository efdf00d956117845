/** The machines that stations name: what QEMU makes of a board that starts from its own image. */
import type { Suite } from "../../emulated/debian.ts";
import type { Edit } from "../../emulated/device-tree.ts";
import { imx8mmEdits, imx8mpEdits } from "./imx8m.ts";

export type ImageMachine = {
  /** Whose QEMU has it, and which program of it. */
  readonly suite: Suite;
  readonly emulator: string;
  /** Machine, processors, memory, and what hangs on it, as QEMU's arguments; the card is the drive `card`, the wire the network `uplink`. */
  readonly hardware: readonly string[];
  /** How the drive `card` is attached, before its file. */
  readonly card: string;
  /** A power of two, where it is a memory card's. */
  readonly cardBytes: number;
  /** The kernel's name of its console. */
  readonly console: string;
  /** What is at the far end of its serial ports, in QEMU's order. */
  readonly serials: readonly ("console" | "loop" | "none")[];
  readonly start: Start;
  /** GPIO controllers as the board's file counts them: QEMU's path of each, or its type where the path is made up anew with each machine. */
  readonly banks: readonly ({ readonly path: string } | { readonly type: string })[];
  readonly linesPerBank: number;
  /** Whether a watchdog that the board's kernel has a driver of resets it. */
  readonly hasWatchdog: boolean;
  /** What a boot, or an answer, takes of the time that it takes on a board. */
  readonly slowness: number;
  /** In place of the board file's own: what its processes may take is reckoned for a real board. */
  readonly pace?: number;
};

/** `loader`: Debian's U-Boot, which the image has beside it, reads the card. `bench`: a loader of the bench's own (loader/) reads the records and has QEMU load the slot. */
export type Start =
  | { readonly by: "loader"; readonly flashBytes: number }
  | { readonly by: "bench"; readonly edits: readonly Edit[]; readonly words: readonly string[] };

const mebibyte = 1024 * 1024;

/** Of both i.MX 8M: QEMU's UARTs, and what hangs on their buses by the names of the components that watch it. */
const imx8m = {
  emulator: "qemu-system-aarch64",
  // The third: of the slots that the SoC has, the one whose supply needs no driver.
  card: "if=sd,bus=2,unit=0",
  cardBytes: 1024 * mebibyte,
  console: "ttymxc1",
  serials: ["none", "console", "loop", "none"],
  banks: [1, 2, 3, 4, 5].map((number) => ({ path: `/machine/soc/gpio${number}` })),
  linesPerBank: 32,
  hasWatchdog: true,
  slowness: 5,
  pace: 12,
} as const;
const imx8mHardware = [
  ...["-smp", "2", "-m", "2048", "-nic", "user,id=uplink"],
  ...["-device", "tmp105,id=i2c-tmp105-48,bus=i2c-bus.2,address=0x48"],
];

/** Of both `virt` machines. With ACPI, which one with a loader of its own has by itself, it has no GPIO controller (hw/arm/virt.c). */
const virt = {
  suite: "trixie",
  card: "if=none,id=card",
  // Of which a release's base system takes a half while it is fetched and judged.
  cardBytes: 2048 * mebibyte,
  console: "ttyAMA0",
  serials: ["console"],
  start: { by: "loader", flashBytes: 64 * mebibyte },
  banks: [{ type: "pl061" }],
  linesPerBank: 8,
} as const;
const virtHardware = [
  ...["-device", "virtio-blk-pci,drive=card", "-device", "virtio-net-pci,netdev=uplink,romfile="],
  ...["-netdev", "user,id=uplink", "-device", "virtio-rng-pci"],
];

export const machines = {
  "qemu-virt-arm64": {
    ...virt,
    emulator: "qemu-system-aarch64",
    // A processor without pointer authentication: emulating that costs more than the instructions that it guards.
    hardware: [
      ...["-M", "virt,acpi=off", "-cpu", "cortex-a72", "-smp", "2", "-m", "1024", ...virtHardware],
      ...["-device", "i6300esb"],
    ],
    hasWatchdog: true,
    slowness: 5,
  },
  "qemu-virt-arm": {
    ...virt,
    emulator: "qemu-system-arm",
    // A 32-bit boot loader reaches no bus above 4 GiB. Debian's 32-bit kernel has no driver of a watchdog that the machine could be started with.
    hardware: ["-M", "virt,acpi=off,highmem=off", "-cpu", "cortex-a15", "-smp", "2", "-m", "512", ...virtHardware],
    hasWatchdog: false,
    slowness: 8,
  },
  "imx8mm-evk": {
    ...imx8m,
    suite: "sid",
    hardware: ["-M", "imx8mm-evk", ...imx8mHardware],
    start: { by: "bench", edits: imx8mmEdits, words: ["nr_cpus=2"] },
  },
  "imx8mp-evk": {
    ...imx8m,
    suite: "sid",
    hardware: ["-M", "imx8mp-evk", ...imx8mHardware],
    start: { by: "bench", edits: imx8mpEdits, words: ["nr_cpus=2"] },
  },
} as const satisfies Readonly<Record<string, ImageMachine>>;

export type MachineName = keyof typeof machines;
