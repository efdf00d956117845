/**
 * The world: pid 1 of a pid namespace with mount and network namespaces of its own, in which gateway and devices live.
 * Its network namespace is the wire between them. When it ends, the kernel ends and removes all of it.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { openSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { execa } from "execa";
import { type FromWorld, type ProcessSpec, type RunResult, type ToWorld, toWorldSchema } from "./messages.ts";

const bridge = "wire";
const running = new Map<string, { child: ChildProcess; stopping: boolean }>();
let links = 0;

async function prepare(): Promise<void> {
  // A /run of our own: network namespaces pinned there are pinned for nobody else.
  await execa("mount", ["-t", "tmpfs", "-o", "mode=0755", "tmpfs", "/run"]);
  const [, , checkout = "", checkoutInWorld = ""] = process.argv;
  await mkdir(checkoutInWorld);
  await execa("mount", ["--bind", "-o", "ro", checkout, checkoutInWorld]);
  await mkdir("/run/netns");
  await mkdir("/run/mounts");
  // A mount namespace can only be pinned on a mount that does not propagate.
  await execa("mount", ["--bind", "/run/mounts", "/run/mounts"]);
  await execa("mount", ["--make-private", "/run/mounts"]);
  await execa("ip", ["link", "set", "lo", "up"]);
  await execa("ip", ["link", "add", bridge, "type", "bridge"]);
  await execa("ip", ["link", "set", bridge, "up"]);
}

async function attach(namespace: string, address: string): Promise<void> {
  links += 1;
  const port = `port${links}`;
  await execa("ip", ["netns", "add", namespace]);
  await execa("ip", ["link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", namespace]);
  await execa("ip", ["link", "set", port, "master", bridge, "up"]);
  await execa("ip", ["-n", namespace, "link", "set", "lo", "up"]);
  await execa("ip", ["-n", namespace, "addr", "add", address, "dev", "eth0"]);
  await execa("ip", ["-n", namespace, "link", "set", "eth0", "up"]);
}

async function makeMountNamespace(id: string): Promise<string> {
  const file = `/run/mounts/${id}`;
  await execa("touch", [file]);
  await execa("unshare", [
    `--mount=${file}`,
    "--propagation",
    "private",
    "mount",
    "-t",
    "tmpfs",
    "-o",
    "mode=0755",
    "tmpfs",
    "/run",
  ]);
  await execa("nsenter", [`--mount=${file}`, "mkdir", "/run/netns", "/run/bulkhead"]);
  return file;
}

async function commandOf(spec: ProcessSpec): Promise<string[]> {
  const enter = spec.namespace === null ? [] : [`--net=/run/netns/${spec.namespace}`];
  const mount = spec.isDevice ? [`--mount=${await makeMountNamespace(spec.id)}`] : [];
  const wrapper = enter.length + mount.length === 0 ? [] : ["nsenter", ...enter, ...mount, "--"];
  const device = spec.isDevice
    ? ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--propagation", "private", "--"]
    : [];
  return ["setpriv", "--pdeathsig", "KILL", ...wrapper, ...device, ...spec.argv];
}

async function start(spec: ProcessSpec): Promise<void> {
  const argv = await commandOf(spec);
  launch(spec, argv);
}

function launch(spec: ProcessSpec, argv: readonly string[]): void {
  const log = openSync(spec.logFile, "a", 0o600);
  const [program = "", ...args] = argv;
  const child = spawn(program, args, { stdio: ["ignore", log, log] });
  const entry = { child, stopping: false };
  running.set(spec.id, entry);
  child.on("error", (error) => tell({ event: "ended", id: spec.id, code: null, signal: error.message, again: false }));
  child.on("exit", (code, signal) => {
    const again = !entry.stopping && code !== null && spec.restartOn.includes(code);
    tell({ event: "ended", id: spec.id, code, signal, again });
    if (again) launch(spec, argv);
    else running.delete(spec.id);
  });
}

function stop(id: string, signal: "SIGTERM" | "SIGKILL"): Promise<void> {
  const entry = running.get(id);
  if (!entry) return Promise.resolve();
  entry.stopping = true;
  const ended = new Promise<void>((resolve) => entry.child.once("exit", () => resolve()));
  entry.child.kill(signal);
  return ended;
}

async function run(message: Extract<ToWorld, { op: "run" }>): Promise<RunResult> {
  const wrapper = message.namespace === null ? [] : ["nsenter", `--net=/run/netns/${message.namespace}`, "--"];
  const [program = "", ...args] = [...wrapper, ...message.argv];
  const result = await execa(program, args, { input: message.input, reject: false, timeout: message.timeoutMs });
  return {
    code: result.exitCode ?? null,
    stdout: result.stdout,
    stderr: result.stderr || (result.failed ? (result.message ?? "") : ""),
  };
}

function perform(message: ToWorld): Promise<unknown> {
  switch (message.op) {
    case "attach":
      return attach(message.namespace, message.address);
    case "start":
      return start(message.process);
    case "stop":
      return stop(message.id, message.signal);
    case "run":
      return run(message);
  }
}

function tell(message: FromWorld): void {
  if (process.connected) process.send?.(message);
}

process.on("message", (raw) => {
  const message = toWorldSchema.parse(raw);
  perform(message).then(
    (result) => tell({ event: "answer", call: message.call, result: result ?? null }),
    (error: unknown) =>
      tell({ event: "failed", call: message.call, message: error instanceof Error ? error.message : String(error) }),
  );
});
// The launcher is gone: there is nobody to live for.
process.on("disconnect", () => process.exit(0));

await prepare();
tell({ event: "up" });
