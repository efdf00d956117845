/** The emulator's process: started with what every machine has, ended when its guest has said all or its time is over. */
import { writeFile } from "node:fs/promises";
import { execa } from "execa";
import type { EmulatedBoard } from "./boards/board.ts";
import { suite } from "./debian.ts";
import { openTools } from "./tools.ts";

export type QemuRun = {
  readonly board: EmulatedBoard;
  readonly args: readonly string[];
  readonly nice: number;
  readonly boundMs: number;
  /** Nothing that the guest does after this is waited for: not every board can switch itself off. */
  readonly ended: Promise<void>;
};

/** Other machines than trixie's QEMU has. */
const newerQemu = ["qemu-system-arm", "ipxe-qemu"];
const firmware = ["usr/share/qemu", "usr/share/seabios", "usr/lib/ipxe/qemu"];

export async function runQemu({ board, args, nice, boundMs, ended }: QemuRun) {
  const tools = board.suite === suite ? await openTools() : await openTools(newerQemu, board.suite);
  const qemu = [
    ...tools.command(`usr/bin/${board.architecture.qemu}`),
    ...firmware.flatMap((path) => ["-L", tools.path(path)]),
    ...[...board.machine, "-accel", "tcg,thread=multi", "-nodefaults", "-nographic", "-no-reboot"],
  ];
  const child = execa("setpriv", ["--pdeathsig", "KILL", "--", "nice", "-n", `${nice}`, ...qemu, ...args], {
    ...{ reject: false, stdin: "ignore", forceKillAfterDelay: 1000 },
    // A session of its own, which has a niceness of its own (sched(7), "The autogroup feature").
    detached: true,
    timeout: boundMs,
  });
  await writeFile(`/proc/${child.pid}/autogroup`, `${nice}`).catch(() => undefined);
  void ended.then(() => child.kill());
  const { stderr, timedOut } = await child;
  return { stderr, timedOut };
}
