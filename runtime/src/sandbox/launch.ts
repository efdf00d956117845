/**
 * Starts bubblewrap blocked: everything is set up, nothing of the component runs yet.
 *
 * Uses node:child_process, not execa: ten descriptors are handed over and none of the output is ours to read.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { open } from "node:fs/promises";
import { createInterface } from "node:readline";
import type { Duplex } from "node:stream";
import { BulkheadError, parseJson } from "@bulkhead/protocol";
import { z } from "zod";
import { type CommandLine, descriptors } from "./bubblewrap.ts";
import { inheritedDescriptors } from "./descriptors.ts";
import { type Gate, makeGate } from "./gate.ts";
import { killSandbox } from "./kill.ts";
import { programEnvironment } from "./programs.ts";
import type { ExitStatus, SandboxSpec } from "./spec.ts";

export type Launched = {
  control: Duplex;
  /** pid 1 of the sandbox, in the caller's pid namespace. Rejects with COMPONENT_START_FAILED where bubblewrap gave up. */
  childPid: Promise<number>;
  /** bubblewrap has ended, and with it everything inside. Never rejects. */
  ended: Promise<ExitStatus>;
  /** Lets the component start. */
  release(): Promise<void>;
  kill(): void;
};

/** The first of bubblewrap's status documents (bwrap(1), --json-status-fd); later ones have no child-pid. */
const statusSchema = z.object({ "child-pid": z.number().int().positive() });

/** `filter`: the seccomp program, or null to start without one. `stdout` and `outputs`: see SandboxSpec. */
export async function launch(
  line: CommandLine,
  filter: Buffer | null,
  { stdout, outputs = [] }: Pick<SandboxSpec, "stdout" | "outputs">,
): Promise<Launched> {
  const nothing = await open("/dev/null", "r+");
  const gate = await makeGate().catch((cause: unknown) => {
    throw new BulkheadError("COMPONENT_START_FAILED", "the gate that a sandbox waits at cannot be made", { cause });
  });
  try {
    const [program, ...rest] = line.argv;
    const monitor = spawn(program, rest, {
      stdio: standardIo(stdout, outputs, gate.fd, nothing.fd, inheritedDescriptors()),
      env: programEnvironment,
    });
    return attach(monitor, gate, line.options, filter);
  } catch (error) {
    await gate.close();
    throw error;
  } finally {
    await nothing.close();
  }
}

type StandardIo = ("ignore" | "pipe" | number)[];

/** What was inherited by accident is replaced by /dev/null: "ignore" would leave it open. */
function standardIo(
  stdout: number,
  outputs: readonly number[],
  gate: number,
  nothing: number,
  inherited: readonly number[],
): StandardIo {
  const stdio: StandardIo = ["ignore", stdout, stdout, "pipe", "pipe", gate, "pipe", "pipe", ...outputs];
  const taken = stdio.length;
  for (const fd of inherited.filter((number) => number >= taken)) {
    while (stdio.length < fd) stdio.push("ignore");
    stdio[fd] = nothing;
  }
  return stdio;
}

type StreamName = Exclude<keyof typeof descriptors, "block">;
const streamNames: readonly StreamName[] = ["control", "status", "seccomp", "options"];

function attach(monitor: ChildProcess, gate: Gate, options: readonly string[], filter: Buffer | null): Launched {
  const stream = (name: StreamName) => (monitor.stdio as readonly unknown[])[descriptors[name]] as Duplex;
  // Without a listener, a peer that goes away while we write would end this process.
  for (const name of streamNames) stream(name).on("error", () => undefined);
  stream("options").end(`${options.join("\0")}\0`);
  stream("seccomp").end(filter ?? Buffer.alloc(0));
  const ended = new Promise<ExitStatus>((resolve) => {
    monitor.once("exit", (code, signal) => resolve(exitStatus(code, signal)));
    // The program could not be executed: no exit event follows.
    monitor.once("error", () => resolve({ code: null, signal: null }));
  });
  void ended.then(() => gate.close());
  let pid: number | null = null;
  const childPid = readChildPid(stream("status"), ended).then((found) => {
    pid = found;
    return found;
  });
  // It may reject before the caller could listen to it, which would end this process.
  childPid.catch(() => undefined);
  return {
    control: stream("control"),
    childPid,
    ended,
    release: () => gate.open(),
    kill: () => killSandbox(monitor, pid),
  };
}

async function readChildPid(status: Duplex, ended: Promise<ExitStatus>): Promise<number> {
  const first = new Promise<string>((resolve) => createInterface({ input: status }).once("line", resolve));
  const text = await Promise.race([first, ended]);
  const parsed = typeof text === "string" ? statusSchema.safeParse(parseJson(text)).data : undefined;
  if (parsed) return parsed["child-pid"];
  throw new BulkheadError("COMPONENT_START_FAILED", "bubblewrap could not make the sandbox", {
    remedy:
      "its own words are in the component's log; most often a mount's source is not there or not readable for its uid",
  });
}

const firstSignalCode = 128;
const signalNames: Readonly<Record<number, string>> = {
  1: "SIGHUP",
  2: "SIGINT",
  4: "SIGILL",
  5: "SIGTRAP",
  6: "SIGABRT",
  7: "SIGBUS",
  8: "SIGFPE",
  9: "SIGKILL",
  11: "SIGSEGV",
  13: "SIGPIPE",
  15: "SIGTERM",
  31: "SIGSYS",
};

/** bubblewrap reports a component that a signal ended as exit code 128 + signal, as shells do. */
export function exitStatus(code: number | null, signal: string | null): ExitStatus {
  const name = code === null ? undefined : signalNames[code - firstSignalCode];
  return name === undefined ? { code, signal } : { code: null, signal: name };
}
