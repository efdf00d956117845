/** The emulated board under power: QEMU as a process of the world, on the wire that the Studio Server's gateway is on. */
import { copyFile, readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { SlotName } from "@bulkhead/runtime";
import { execa } from "execa";
import type { Buildable } from "../../../studio/src/image/board.ts";
import { kernelOptions } from "../../../studio/src/image/slot/boot-files.ts";
import type { World } from "../../../studio/src/run/world/client.ts";
import { suite } from "../../emulated/debian.ts";
import { editDeviceTree } from "../../emulated/device-tree.ts";
import { stimulusArguments } from "../../emulated/stimulus/machine.ts";
import { openTools, type Tools } from "../../emulated/tools.ts";
import type { Card } from "./card.ts";
import type { Plan } from "./loader/plan.ts";
import type { ImageMachine, Start } from "./machines.ts";

type ByLoader = Extract<Start, { by: "loader" }>;
type ByBench = Extract<Start, { by: "bench" }>;

export type MachineOptions = {
  readonly world: World;
  /** What its packets come from: a namespace of the world. */
  readonly namespace: string;
  readonly machine: ImageMachine;
  readonly board: Buildable;
  /** Where the card, the loader and the sockets are. */
  readonly directory: string;
  readonly card: Card;
  /** The image, and what was built beside it. */
  readonly image: string;
  readonly logFile: string;
};

export type Machine = {
  /** What QEMU says of itself. */
  readonly emulator: string;
  start(): Promise<void>;
  /** What pulling the plug does. */
  kill(): Promise<void>;
};

const id = "board";
const newerQemu = ["qemu-system-arm", "ipxe-qemu"];
const firmware = ["usr/share/qemu", "usr/share/seabios", "usr/lib/ipxe/qemu"];
const loader = join(import.meta.dirname, "loader/main.ts");

/** Makes all that the board is started with. */
export async function prepareMachine(options: MachineOptions): Promise<Machine> {
  const { world, namespace, machine, directory, logFile } = options;
  const file = (name: string) => join(directory, name);
  const tools = machine.suite === suite ? await openTools() : await openTools(newerQemu, machine.suite);
  const program = command(tools, machine.emulator);
  const emulator = [
    ...program,
    ...["-accel", "tcg,thread=multi", "-nodefaults", "-nographic", ...machine.hardware],
    ...["-drive", `${machine.card},format=raw,file=${file("card")}`],
    ...machine.serials.flatMap((end) => serial(end, file)),
    ...stimulusArguments(file),
  ];
  const { start } = machine;
  const argv =
    start.by === "loader" ? await byLoader(emulator, options, start) : await byBench(emulator, options, start);
  const [qemu = "", ...qemuOptions] = program;
  const { stdout: version } = await execa(qemu, [...qemuOptions, "--version"]);
  return {
    emulator: version.split("\n")[0] ?? "",
    start: () => world.start({ id, argv, namespace, isDevice: false, logFile, restart: false }),
    kill: () => world.stop(id, "SIGKILL"),
  };
}

function command(tools: Tools, emulator: string): string[] {
  return [...tools.command(`usr/bin/${emulator}`), ...firmware.flatMap((path) => ["-L", tools.path(path)])];
}

function serial(end: ImageMachine["serials"][number], file: (name: string) => string): string[] {
  if (end === "none") return ["-serial", "null"];
  return ["-chardev", `socket,id=${end},path=${file(end)}`, "-serial", `chardev:${end}`];
}

/** The emulator has the board's own boot loader in its flash memory. */
async function byLoader(emulator: string[], { directory, image }: MachineOptions, { flashBytes }: ByLoader) {
  const flash = join(directory, "flash");
  await copyFile(image.replace(/\.img$/, ".u-boot.bin"), flash);
  await truncate(flash, flashBytes);
  return [...emulator, "-drive", `if=pflash,format=raw,file=${flash}`];
}

/** The bench's loader stands in for the board's. */
async function byBench(emulator: string[], { board, directory, card }: MachineOptions, { edits, words }: ByBench) {
  await card.takeDeviceTree();
  const inSlot = (name: string) => join(card.slotDir, name);
  const deviceTree = join(directory, "device-tree");
  await editDeviceTree(inSlot("device-tree"), edits, deviceTree);
  const own = (await readFile(inSlot("slot.env"), "utf8")).trim().replace(/^words=/, "");
  const filesOf = (slot: SlotName) => ({
    ...{ kernel: inSlot("kernel"), archive: inSlot("archive"), deviceTree },
    words: [...kernelOptions(board.image), ...words, "panic=5", `bulkhead.slot=${slot}`, own].join(" "),
  });
  const file = join(directory, "plan.json");
  // What slot b starts with is what the bench copies into it from slot a.
  const slots = { a: filesOf("a"), b: filesOf("b") };
  const plan: Plan = { card: join(directory, "card"), console: join(directory, "console"), command: emulator, slots };
  await writeFile(file, JSON.stringify(plan));
  return [process.execPath, loader, file];
}
