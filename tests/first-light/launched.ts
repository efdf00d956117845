/** A system started as a person starts it: a real process, with what it says, and what the kernel has of it. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, readlink, rm } from "node:fs/promises";
import { join } from "node:path";
import { kill } from "node:process";
import { findStudio, type StudioClient } from "../../studio/src/api/client.ts";
import { bulkheadDirectory } from "../../studio/src/locations.ts";
import { eventually } from "../../studio/src/run/eventually.ts";
import { stateDirectory } from "../../studio/src/run/instance.ts";
import { pathsBelow } from "../../studio/src/run/paths.ts";
import { isAlive, processesBelow } from "./processes.ts";
import { cgroupsLeft } from "./proofs/teardown.ts";

const startProgram = join(bulkheadDirectory, "studio/src/run/start.ts");
const kinds = ["mnt", "pid", "net", "ipc", "uts", "user", "cgroup"];

/** What the kernel had of a system when it was looked at. */
export type Footprint = { pids: number[]; namespaces: Set<string>; others: number[] };

export type Launched = {
  pid: number;
  /** All that it has said. */
  said(): string;
  /** Waits until it has said something. Throws where it ends before. */
  says(pattern: RegExp, timeoutMs?: number): Promise<void>;
  /** Waits for its link and returns a client of its API. */
  up(): Promise<StudioClient>;
  /** Gives a signal to its process group, as a terminal does. */
  signal(name: NodeJS.Signals): void;
  /** Nobody reads what it says any more. */
  closeTerminal(): void;
  /** Resolves with its exit code; with the signal's name where one killed it. */
  ended: Promise<number | NodeJS.Signals>;
  /** The host's pid of the first process below it whose command line matches. */
  processOf(pattern: RegExp): Promise<number>;
  footprint(): Promise<Footprint>;
};

/** The directories of a system by name. */
export function pathsOf(name: string) {
  return pathsBelow(stateDirectory(name, bulkheadDirectory));
}

export async function forgetSystem(name: string): Promise<void> {
  await rm(pathsOf(name).stateDir, { recursive: true, force: true });
}

/** `before`: a command in front of the program's, for one. */
/** Ended the hard way where a test failed half-way, so that the next begins with a machine that is free. */
export async function endHard(system: Launched): Promise<void> {
  if (isAlive(system.pid)) kill(system.pid, "SIGKILL");
  await system.ended;
}

export function launchProcess(name: string, args: readonly string[] = [], before: readonly string[] = []): Launched {
  const command = [...before, process.execPath, startProgram, "--name", name, ...args];
  const [program = "", ...rest] = args.includes("--port") ? command : [...command, "--port", "0"];
  const child = spawn(program, rest, { stdio: ["ignore", "pipe", "pipe"], detached: true, cwd: bulkheadDirectory });
  const { pid = 0 } = child;
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk: Buffer) => (text += chunk.toString()));
  let isOver = false;
  const ended = endOf(child).finally(() => {
    isOver = true;
  });
  const says = async (pattern: RegExp, timeoutMs = 60_000) => {
    await eventually(`it to say ${pattern}, having said: ${text}`, timeoutMs, () => {
      if (pattern.test(text)) return true;
      if (isOver) throw new Error(`it ended without saying ${pattern}: ${text}`);
      return undefined;
    });
  };
  return {
    pid,
    said: () => text,
    says,
    up: async () => {
      await says(/Ctrl-C ends it/);
      return findStudio(pathsOf(name).studioRecord);
    },
    signal: (signal) => void kill(-pid, signal),
    closeTerminal: () => [child.stdout, child.stderr].forEach((stream) => void stream?.destroy()),
    ended,
    processOf: (pattern) => processBelow(pid, pattern),
    footprint: () => footprintOf(pid),
  };
}

async function endOf(child: ChildProcess): Promise<number | NodeJS.Signals> {
  const [code, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
  return code ?? signal ?? "SIGKILL";
}

async function processBelow(root: number, pattern: RegExp): Promise<number> {
  return eventually(`a process like ${pattern}`, 10_000, async () => {
    for (const { pid } of await processesBelow(root)) {
      const line = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
      if (pattern.test(line.replaceAll("\0", " "))) return pid;
    }
    return undefined;
  });
}

async function footprintOf(pid: number): Promise<Footprint> {
  const pids = (await processesBelow(pid)).map((process) => process.pid);
  const namespaces = new Set((await Promise.all(pids.map(namespacesOf))).flat());
  // The kernel gives a namespace's number to the next one: only who was there before can be in one of ours.
  const others = (await allPids()).filter((other) => !pids.includes(other));
  for (const own of await namespacesOf(process.pid)) namespaces.delete(own);
  return { pids, namespaces, others };
}

/** What the kernel still has of a system: processes, namespaces, mounts in the host's namespace, in words. */
export async function remainsOf({ pids, namespaces, others }: Footprint, name: string): Promise<string[]> {
  const present = new Set((await Promise.all([...pids, ...others].filter(isAlive).map(namespacesOf))).flat());
  const mounts = (await readFile("/proc/self/mountinfo", "utf8")).split("\n");
  return [
    ...pids.filter(isAlive).map((pid) => `process ${pid}`),
    ...[...namespaces].filter((namespace) => present.has(namespace)),
    ...mounts.filter((line) => line.includes(pathsOf(name).stateDir)),
  ];
}

/** What a system leaves of its control groups, wherever the machine mounts them. */
export async function cgroupsOf(name: string): Promise<string[]> {
  return cgroupsLeft(pathsOf(name).stateDir.split("/").at(-1) ?? "");
}

/** Throws what is left after five seconds. */
export async function untilNothingRemains(footprint: Footprint, name: string): Promise<void> {
  let left: string[] = [];
  await eventually("nothing to be left", 5_000, async () => {
    left = await remainsOf(footprint, name);
    return left.length === 0 || undefined;
  }).catch((cause: unknown) => {
    throw new Error(`left after 5 s: ${left.join(", ")}`, { cause });
  });
}

async function allPids(): Promise<number[]> {
  return (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
}

async function namespacesOf(pid: number): Promise<string[]> {
  const links = await Promise.all(kinds.map((kind) => readlink(`/proc/${pid}/ns/${kind}`).catch(() => null)));
  return links.filter((link) => link !== null);
}
