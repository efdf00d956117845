/** The emulated board under power: QEMU as a process of the world, on the wire that the Studio Server's gateway is on. */
import { copyFile, readFile, truncate } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { World } from "../../../studio/src/run/world/client.ts";
import { suite } from "../../emulated/debian.ts";
import { editDeviceTree } from "../../emulated/device-tree.ts";
import { stimulusArguments } from "../../emulated/stimulus/machine.ts";
import { openTools, type Tools } from "../../emulated/tools.ts";
import type { Card } from "./card.ts";
import type { ImageMachine } from "./machines.ts";

export type MachineOptions = {
  readonly world: World;
  /** What its packets come from: a namespace of the world. */
  readonly namespace: string;
  readonly machine: ImageMachine;
  /** Where the card, the loader and the sockets are. */
  readonly directory: string;
  readonly card: Card;
  /** The image, and what was built beside it. */
  readonly image: string;
  readonly logFile: string;
};

export type Machine = {
  start(): Promise<void>;
  /** What pulling the plug does. */
  kill(): Promise<void>;
};

const process = "board";
const newerQemu = ["qemu-system-arm", "ipxe-qemu"];
const firmware = ["usr/share/qemu", "usr/share/seabios", "usr/lib/ipxe/qemu"];

/** Makes all that QEMU is started with. */
export async function prepareMachine(options: MachineOptions): Promise<Machine> {
  const { world, namespace, machine, directory, logFile } = options;
  const file = (name: string) => join(directory, name);
  const tools = machine.suite === suite ? await openTools() : await openTools(newerQemu, machine.suite);
  const start = await prepareStart(options);
  const argv = [
    ...command(tools, machine.emulator),
    ...["-accel", "tcg,thread=multi", "-nodefaults", "-nographic", ...machine.hardware, ...start],
    ...["-drive", `${machine.card},format=raw,file=${file("card")}`],
    ...machine.serials.flatMap((end) => serial(end, file)),
    ...stimulusArguments(file),
  ];
  return {
    start: () => world.start({ id: process, argv, namespace, isDevice: false, logFile, restart: false }),
    kill: () => world.stop(process, "SIGKILL"),
  };
}

function command(tools: Tools, emulator: string): string[] {
  return [...tools.command(`usr/bin/${emulator}`), ...firmware.flatMap((path) => ["-L", tools.path(path)])];
}

function serial(end: ImageMachine["serials"][number], file: (name: string) => string): string[] {
  if (end === "none") return ["-serial", "null"];
  return ["-chardev", `socket,id=${end},path=${file(end)}`, "-serial", `chardev:${end}`];
}

async function prepareStart({ machine, directory, card, image }: MachineOptions): Promise<string[]> {
  const { start } = machine;
  if (start.by === "loader") {
    const flash = join(directory, "flash");
    await copyFile(image.replace(/\.img$/, ".u-boot.bin"), flash);
    await truncate(flash, start.flashBytes);
    return ["-drive", `if=pflash,format=raw,file=${flash}`];
  }
  await card.takeDeviceTree();
  const tree = join(dirname(card.slotDir), "device-tree");
  await editDeviceTree(join(card.slotDir, "device-tree"), start.edits, tree);
  const words = (await readFile(join(card.slotDir, "slot.env"), "utf8")).trim().replace(/^words=/, "");
  const all = [...start.words, "quiet", "systemd.getty_auto=no", "net.ifnames=0", "panic=5", "bulkhead.slot=a", words];
  const [kernel, archive] = [join(card.slotDir, "kernel"), join(card.slotDir, "archive")];
  return ["-kernel", kernel, "-initrd", archive, "-dtb", tree, "-append", all.join(" ")];
}
