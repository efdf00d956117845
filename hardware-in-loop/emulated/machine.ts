/** A board that is emulated: off until it is started, then booting, until its power is cut or its guest ends. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import type { EmulatedBoard } from "./boards/board.ts";
import { suite } from "./debian.ts";
import { openLoop, wireLines } from "./lines.ts";
import { createMachineStimulus, type MachineStimulus, stimulusArguments } from "./stimulus/machine.ts";
import { openTools } from "./tools.ts";

export type MachineOptions = {
  readonly board: EmulatedBoard;
  /** Where its sockets and its console are; others that hang on its lines have made theirs there before (lines.ts). */
  readonly directory: string;
  readonly processors: number;
  readonly memoryMiB: number;
  /** What it starts from: kernel, device tree, disks, as QEMU's arguments. */
  readonly boot: readonly string[];
  /** Of the emulator on the host (nice(1)), for a guest whose time is measured; 0: as everybody. */
  readonly nice: number;
  /** Wall time after which its power is cut. */
  readonly boundMs: number;
};

export type Machine = {
  readonly stimulus: MachineStimulus;
  /** All that its console has said up to now. */
  console(): Promise<string>;
  cutPower(): void;
  /** Resolves when it is off, with QEMU's own words. */
  readonly off: Promise<{ readonly stderr: string; readonly timedOut: boolean }>;
};

/** Other machines than trixie's QEMU has. */
const newerQemu = ["qemu-system-arm", "ipxe-qemu"];
const firmware = ["usr/share/qemu", "usr/share/seabios", "usr/lib/ipxe/qemu"];

export async function startMachine(options: MachineOptions): Promise<Machine> {
  const { board, directory, nice, boundMs } = options;
  const file = (name: string) => join(directory, name);
  const tools = board.suite === suite ? await openTools() : await openTools(newerQemu, board.suite);
  const loop = await openLoop(file("loop"));
  const qemu = [
    ...tools.command(`usr/bin/${board.architecture.qemu}`),
    ...firmware.flatMap((path) => ["-L", tools.path(path)]),
    ...[...board.machine, "-accel", "tcg,thread=multi", "-nodefaults", "-nographic", "-no-reboot"],
    ...["-smp", `${options.processors}`, "-m", `${options.memoryMiB}`, ...options.boot, ...board.devices],
    ...[...wireLines(board.lines, file), ...stimulusArguments(file)],
  ];
  const child = execa("setpriv", ["--pdeathsig", "KILL", "--", "nice", "-n", `${nice}`, ...qemu], {
    ...{ reject: false, stdin: "ignore", forceKillAfterDelay: 1000 },
    // A session of its own, which has a niceness of its own (sched(7), "The autogroup feature").
    detached: true,
    timeout: boundMs,
  });
  await writeFile(`/proc/${child.pid}/autogroup`, `${nice}`).catch(() => undefined);
  const stimulus = createMachineStimulus(board, file);
  return {
    stimulus,
    console: () => readFile(file("console"), "utf8").catch(() => ""),
    cutPower: () => void child.kill("SIGKILL"),
    off: child.then(({ stderr, timedOut }) => {
      stimulus.close();
      loop.close();
      return { stderr, timedOut };
    }),
  };
}
