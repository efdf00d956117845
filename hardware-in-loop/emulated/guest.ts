/** Runs one command in a guest: boots it, shows what the command says, and ends it when it ends or hangs. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeArchive } from "../../studio/src/build/vm/cpio.ts";
import type { EmulatedBoard } from "./boards/board.ts";
import { writeCard } from "./card.ts";
import { makeCheckout, openModules } from "./checkout.ts";
import { createControl } from "./control.ts";
import { editDeviceTree } from "./device-tree.ts";
import { describeLines, openLine } from "./lines.ts";
import { startMachine } from "./machine.ts";
import { answerRequest } from "./stimulus/machine.ts";
import { openSystem, type System } from "./system.ts";
import { openTools } from "./tools.ts";

export type GuestCommand = {
  readonly board: EmulatedBoard;
  readonly argv: readonly string[];
  readonly processors: number;
  readonly memoryMiB: number;
  /** Of the emulator on the host (nice(1)), for a guest whose time is measured; 0: as everybody. */
  readonly nice: number;
  /** Wall time after which the guest is taken to hang. */
  readonly boundMs: number;
  /** Folders of the checkout that git does not know and the command needs. */
  readonly moreFolders?: readonly string[];
  onOutput(text: string): void;
};

export type GuestOutcome = {
  /** null where the guest ended, or was ended, without saying how its command did. */
  readonly exitCode: number | null;
  readonly output: string;
  /** What the command left in /run/report. */
  readonly report: string;
  /** All that the kernel said, and QEMU. */
  readonly console: string;
  /** From power to the first command; null where it never came to that. */
  readonly shellMs: number | null;
  readonly kernel: string;
  readonly wallMs: number;
};

export async function runInGuest(command: GuestCommand): Promise<GuestOutcome> {
  const { architecture } = command.board;
  const tools = await openTools();
  const system = await openSystem(tools, architecture);
  const modules = await openModules(tools, architecture);
  const directory = await mkdtemp(join(tmpdir(), "bulkhead-guest-"));
  try {
    const checkout = await makeCheckout(tools, directory, [
      ...(architecture.moreFolders ?? []),
      ...(command.moreFolders ?? []),
    ]);
    const boot = await prepareBoot(command, system, directory);
    const disks = await attachDisks(command.board, directory, { root: system.root, modules, checkout });
    return { ...(await runMachine(command, directory, [...boot, ...disks])), kernel: system.release };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** What the guest is told goes into an archive of its own: the kernel unpacks archives one after the other. */
async function prepareBoot({ board, argv }: GuestCommand, system: System, directory: string): Promise<string[]> {
  const archive = join(directory, "archive");
  const facts = [`board=${board.name}`, `modules=${quote(board.modules.join(" "))}`, ...describeLines(board.lines)];
  const wish = writeArchive([
    { path: "command", content: Buffer.from(argv.map(quote).join(" ")) },
    { path: "board", content: Buffer.from(`${facts.join("\n")}\n`) },
  ]);
  await writeFile(archive, Buffer.concat([await readFile(system.archive), wish]));
  const boot = ["-kernel", system.kernel, "-initrd", archive];
  if (board.deviceTree === null) return boot;
  const tree = join(directory, "device-tree");
  await editDeviceTree(system.deviceTree(board.deviceTree.file), board.deviceTree.edits, tree);
  return [...boot, "-dtb", tree];
}

async function attachDisks(
  { disks }: EmulatedBoard,
  directory: string,
  images: Readonly<Record<string, string>>,
): Promise<string[]> {
  if (disks.by === "card") {
    const card = `format=vmdk,snapshot=on,file=${await writeCard(directory, Object.values(images))}`;
    if (disks.slot !== "first") return ["-drive", `if=sd,bus=${disks.slot},unit=0,${card}`];
    return ["-drive", `if=none,id=card,${card}`, "-device", "sd-card,drive=card"];
  }
  return Object.entries(images).flatMap(([name, path]) => [
    ...["-drive", `if=none,id=${name},format=raw,readonly=on,file=${path}`],
    ...["-device", `virtio-blk-pci,drive=${name}`],
  ]);
}

async function runMachine(
  { board, processors, memoryMiB, nice, boundMs, onOutput }: GuestCommand,
  directory: string,
  boot: readonly string[],
): Promise<Omit<GuestOutcome, "kernel">> {
  const output: string[] = [];
  const startMs = performance.now();
  let shellMs: number | null = null;
  const control = createControl({
    ask: async (request) => answerRequest((await machine).stimulus, request),
    onShell: () => {
      shellMs = performance.now() - startMs;
    },
  });
  const lines = [
    await openLine(join(directory, "output"), (text) => {
      output.push(text);
      onOutput(text);
    }),
    await openLine(join(directory, "control"), control.feed),
  ];
  const kernel = ["-append", [...board.kernelArguments, "panic=-1", "quiet"].join(" ")];
  const machine = startMachine({ board, directory, boot: [...boot, ...kernel], processors, memoryMiB, nice, boundMs });
  const { off, cutPower, console } = await machine;
  // Nothing that it does after this is waited for: not every board can switch itself off.
  void control.ended.then(cutPower);
  const { stderr, timedOut } = await off;
  for (const line of lines) line.close();
  return {
    exitCode: control.exitCode(),
    output: output.join(""),
    report: control.report(),
    console: [await console(), stderr, timedOut ? `ended after ${boundMs} ms` : ""].join("\n").trim(),
    shellMs,
    wallMs: performance.now() - startMs,
  };
}

/** For the guest's shell, which sees the command as one line. */
function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
