/** The root server of a device as processes beside it see it: which process it is, and how one gets to where it is. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";
import type { RootServerConfig } from "../device/config.ts";
import { programEnvironment } from "../sandbox/programs.ts";

/** `pid`: as we see it. */
export type Place = { readonly config: RootServerConfig; readonly pid: number };

/** Throws DEVICE_NOT_RUNNING. */
export async function findRootServer(
  { nodePath }: Pick<RootServerConfig, "nodePath">,
  configFile: string,
): Promise<number> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const found: number[] = [];
  for (const pid of pids) if (await isRootServer(pid, nodePath, configFile)) found.push(pid);
  const [pid] = found;
  if (pid !== undefined && found.length === 1) return pid;
  throw new BulkheadError("DEVICE_NOT_RUNNING", `no root server runs with ${configFile}`, {
    remedy: "start the device, and say this as the user that started it",
  });
}

/**
 * A component can call itself what it likes and may even have our uid (where one is all there is), and whoever is taken for the
 * root server is followed into its namespaces. But a component is behind a seccomp filter more than we are, which nobody gets
 * rid of.
 */
async function isRootServer(pid: number, nodePath: string, configFile: string): Promise<boolean> {
  const words = (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")).split("\0").slice(0, -1);
  if (!isItsCommand(words, { nodePath, configFile })) return false;
  return (await standing(pid)) === (await standing("self"));
}

/** Node, options of its own (a board's unit has some), one program, and `--config` with that file, which ends it. */
export function isItsCommand(
  words: readonly string[],
  { nodePath, configFile }: { readonly nodePath: string; readonly configFile: string },
): boolean {
  const [node, ...options] = words.slice(0, -3);
  const [program = "-", option, file] = words.slice(-3);
  if (node !== nodePath || option !== "--config" || file !== configFile) return false;
  return !program.startsWith("-") && options.every((word) => /^--[^-]/.test(word));
}

/** Uids, and the mode and number of its filters (the kernel counts them from 5.10 on). */
async function standing(pid: number | "self"): Promise<string> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  return ["Uid", "Seccomp", "Seccomp_filters"]
    .map((key) => new RegExp(`^${key}:\\t(.*)$`, "m").exec(status)?.[1] ?? "")
    .join(" ");
}

export type Inside = {
  readonly child: ChildProcess;
  readonly exitCode: Promise<number>;
};

/** Runs this program once more, where the root server is. `stdio` of it; "pipe": it ends with its standard input. */
export async function enter(place: Place, argv: readonly string[], stdio: "inherit" | "pipe"): Promise<Inside> {
  const program = join(place.config.platformDir, "operator.js");
  const { nodePath, runDir } = place.config;
  return enterAs(place, ["inside", runDir, nodePath, program, ...argv], stdio);
}

/** Runs this program with `argv` as it is, where the root server is; `stdio`: also a file that it reads. */
export async function enterAs(
  { config, pid }: Place,
  argv: readonly string[],
  stdio: "inherit" | "pipe" | { readonly input: number },
): Promise<Inside> {
  const namespaces = ["--mount", "--net", "--pid"];
  // Made by an ordinary user: to be in it is to be its root.
  if (await isForeign(pid)) namespaces.unshift("--user", "--preserve-credentials");
  const program = join(config.platformDir, "operator.js");
  const [input, output] = typeof stdio === "string" ? [stdio, stdio] : [stdio.input, "pipe" as const];
  const entering = ["--target", `${pid}`, ...namespaces, "--", config.nodePath, program, ...argv];
  const child = spawn("nsenter", entering, {
    stdio: [input, output, "inherit"],
    env: { ...programEnvironment, TERM: process.env["TERM"] ?? "dumb" },
    // A terminal's Ctrl-C is for who was started there: further in it would end what is to end in order.
    detached: stdio === "pipe",
  });
  const exitCode = once(child, "exit").then(([code]) => (typeof code === "number" ? code : 1));
  return { child, exitCode };
}

async function isForeign(pid: number): Promise<boolean> {
  const [own, other] = await Promise.all(["self", pid].map((who) => readlink(`/proc/${who}/ns/user`)));
  return own !== other;
}
