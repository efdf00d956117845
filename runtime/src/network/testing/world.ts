/**
 * A world for the tests of this folder: mount, pid and network namespaces of its own, with a wire (a bridge) on which
 * network namespaces hang. When its first process ends, the kernel removes all of it.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { execa } from "execa";

/** `rootless`: uid 65534 outside, alone in its user namespace, as an ordinary user without a uid range. */
export type WorldKind = "root" | "rootless";

export type Outcome = { readonly failed: boolean; readonly stdout: string; readonly stderr: string };

export type World = {
  /** Arguments that run what follows them in this world and one of its namespaces. */
  enter(namespace: string | null): string[];
  /** Runs a command to its end; its exit code is for the caller to look at. */
  run(namespace: string | null, argv: readonly string[], input?: string): Promise<Outcome>;
  /** A namespace whose eth0 is on the wire. */
  attach(namespace: string, address: string): Promise<void>;
  close(): Promise<void>;
};

const environment = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" };
const prepare =
  "mount -t tmpfs -o mode=0755 tmpfs /run && mkdir /run/netns && ip link set lo up && echo ready && exec cat";
// The node of this machine may be root's alone; a distribution's is everybody's. A private mount shows such a one.
const openTun =
  "mount -t tmpfs tmpfs /mnt && mknod /mnt/tun c 10 200 && chmod 666 /mnt/tun && mount --bind /mnt/tun /dev/net/tun";
const namespaces = ["--mount", "--net", "--pid", "--fork", "--kill-child=SIGKILL", "--mount-proc"];

export async function openWorld(kind: WorldKind): Promise<World> {
  const child = spawnWorld(kind);
  const [chunk] = (await Promise.race([once(child.stdout ?? child, "data"), once(child, "exit")])) as [unknown];
  if (String(chunk) !== "ready\n") throw new Error(`the world did not come up: ${String(chunk)}`);
  const pid = await lastChild(child.pid ?? 0);
  const into = ["nsenter", `--target=${pid}`, ...(kind === "rootless" ? ["--user"] : []), "--mount", "--net", "--pid"];
  const world: World = {
    enter: (namespace) => [...into, "--", ...(namespace ? ["nsenter", `--net=/run/netns/${namespace}`, "--"] : [])],
    run(namespace, argv, input = "") {
      const [program = "", ...args] = [...world.enter(namespace), ...argv];
      return execa(program, args, { input, env: environment, reject: false, timeout: 20_000 });
    },
    attach: (namespace, address) => attach(world, namespace, address),
    async close() {
      const ended = once(child, "exit");
      child.stdin?.end();
      await ended;
    },
  };
  await mustRun(world, null, "ip", ["link", "add", "wire", "type", "bridge"]);
  await mustRun(world, null, "ip", ["link", "set", "wire", "up"]);
  return world;
}

function spawnWorld(kind: WorldKind): ChildProcess {
  const stdio: ["pipe", "pipe", "inherit"] = ["pipe", "pipe", "inherit"];
  if (kind === "root") return spawn("unshare", [...namespaces, "--", "sh", "-c", prepare], { env: environment, stdio });
  const user = ["--reuid", "65534", "--regid", "65534", "--clear-groups", "unshare", "--user", "--map-root-user"];
  const inner = ["setpriv", ...user, ...namespaces, "--", "sh", "-c", prepare];
  return spawn("unshare", ["--mount", "--", "sh", "-c", `${openTun} && exec "$@"`, "sh", ...inner], {
    env: environment,
    stdio,
  });
}

async function attach(world: World, namespace: string, address: string): Promise<void> {
  const port = `p-${namespace}`.slice(0, 15);
  await mustRun(world, null, "ip", ["netns", "add", namespace]);
  const veth = ["type", "veth", "peer", "name", "eth0", "netns", namespace];
  await mustRun(world, null, "ip", ["link", "add", port, ...veth]);
  await mustRun(world, null, "ip", ["link", "set", port, "master", "wire", "up"]);
  await mustRun(world, namespace, "ip", ["link", "set", "lo", "up"]);
  await mustRun(world, namespace, "ip", ["address", "add", address, "dev", "eth0"]);
  await mustRun(world, namespace, "ip", ["link", "set", "eth0", "up"]);
}

async function mustRun(world: World, namespace: string | null, program: string, args: string[]): Promise<void> {
  const result = await world.run(namespace, [program, ...args]);
  if (result.failed) throw new Error(`${program} ${args.join(" ")}: ${result.stderr}`);
}

/** unshare forks once: its child is the world's pid 1. */
async function lastChild(pid: number): Promise<number> {
  const children = (await readFile(`/proc/${pid}/task/${pid}/children`, "utf8")).trim();
  if (children === "") return pid;
  return lastChild(Number(children.split(" ")[0]));
}
