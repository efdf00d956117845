/** What the kernel has set of a terminal, by stty(1). */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { SerialSettings } from "@bulkhead/sdk";

type Shown = Pick<SerialSettings, "speed" | "dataBits" | "parity" | "stopBits">;

/** `shows`: what of it this terminal follows. A pseudo terminal has always eight bits and no parity (drivers/tty/pty.c, pty_set_termios). */
export async function observeTty(
  node: string,
  shows: readonly (keyof Shown)[] = ["speed", "dataBits", "parity", "stopBits"],
): Promise<Partial<Shown>> {
  const { stdout } = await promisify(execFile)("stty", ["-a", "-F", node]);
  const isSet = (flag: string) => new RegExp(`(^|\\s)${flag}[\\s;]`, "m").test(stdout);
  const all: Shown = {
    speed: Number(/speed (\d+) baud/.exec(stdout)?.[1]),
    dataBits: Number(/\bcs([5-8])\b/.exec(stdout)?.[1]) as Shown["dataBits"],
    parity: isSet("parenb") ? (isSet("parodd") ? "odd" : "even") : "none",
    stopBits: isSet("cstopb") ? 2 : 1,
  };
  return Object.fromEntries(shows.map((name) => [name, all[name]]));
}
