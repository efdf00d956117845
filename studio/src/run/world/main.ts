/**
 * The world: pid 1 of a pid namespace with mount and network namespaces of its own, in which gateway and devices live.
 * Its network namespace is the wire between them. When it ends, the kernel ends and removes all of it.
 */
import { mkdir, stat } from "node:fs/promises";
import { initCommand } from "@bulkhead/runtime";
import { execa } from "execa";
import { type FromWorld, type ProcessSpec, type RunResult, type ToWorld, toWorldSchema } from "./messages.ts";
import { processes } from "./processes.ts";

const bridge = "wire";
const { start, stop } = processes((ended) => tell({ event: "ended", ...ended }));
let links = 0;

async function prepare(): Promise<void> {
  // A /run of our own: network namespaces pinned there are pinned for nobody else.
  await execa("mount", ["-t", "tmpfs", "-o", "mode=0755", "tmpfs", "/run"]);
  const [, , checkout = "", checkoutInWorld = ""] = process.argv;
  await mkdir(checkoutInWorld);
  await execa("mount", ["--bind", "-o", "ro", checkout, checkoutInWorld]);
  await mkdir("/run/netns");
  await openTun();
  await execa("ip", ["link", "set", "lo", "up"]);
  await execa("ip", ["link", "add", bridge, "type", "bridge"]);
  await execa("ip", ["link", "set", bridge, "up"]);
}

/**
 * Everybody may open /dev/net/tun where udev has made it; it takes CAP_NET_ADMIN to get anything from it. Without udev it is
 * root's alone, and gateway and device, which are not root, get one of their own. An ordinary user cannot make one.
 */
async function openTun(): Promise<void> {
  const { mode } = await stat("/dev/net/tun");
  if ((mode & 0o006) === 0o006) return;
  await execa("mknod", ["-m", "0666", "/run/tun", "c", "10", "200"]);
  await execa("mount", ["--bind", "/run/tun", "/dev/net/tun"]);
}

async function attach(namespace: string, address: string): Promise<void> {
  links += 1;
  const port = `port${links}`;
  await execa("ip", ["netns", "add", namespace]);
  // So that WireGuard's packets may be cut up on narrow links; the gateway's sandbox shows it a /proc/sys that is read-only.
  const inside = [
    "nsenter",
    `--net=/run/netns/${namespace}`,
    "--",
    "tee",
    "/proc/sys/net/ipv4/ip_no_pmtu_disc",
  ] as const;
  await execa(inside[0], inside.slice(1), { input: "1\n" });
  await execa("ip", ["link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", namespace]);
  await execa("ip", ["link", "set", port, "master", bridge, "up"]);
  await execa("ip", ["-n", namespace, "link", "set", "lo", "up"]);
  await execa("ip", ["-n", namespace, "addr", "add", address, "dev", "eth0"]);
  await execa("ip", ["-n", namespace, "link", "set", "eth0", "up"]);
}

/** In the device's new mount namespace: a /run of its own, then the program. Arguments only, nothing is spliced into the text. */
const withOwnRun = 'mount -t tmpfs -o mode=0755 tmpfs /run && mkdir /run/netns /run/bulkhead && exec "$@"';

function commandOf(spec: ProcessSpec): string[] {
  const enter = spec.namespace === null ? [] : ["nsenter", `--net=/run/netns/${spec.namespace}`, "--"];
  const ownRun = ["unshare", "--mount", "--propagation", "private", "--", "sh", "-c", withOwnRun, "sh"];
  const device = spec.isDevice ? [...ownRun, ...initCommand] : [];
  return ["setpriv", "--pdeathsig", "KILL", ...enter, ...device, ...spec.argv];
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

async function perform(message: ToWorld): Promise<unknown> {
  switch (message.op) {
    case "attach":
      return attach(message.namespace, message.address);
    case "start":
      return start(message.process, commandOf(message.process));
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
