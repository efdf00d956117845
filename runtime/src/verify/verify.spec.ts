/** `verify` on a running system: nothing to say of one as it was started; everything that is broken is found and named. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Verification } from "@bulkhead/protocol";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { allReady, cleanUp, cleanUpAll, nextName, startIn, until, watchStatus } from "../root-server/testing/bench.ts";
import { makeDevice, type SpecDevice, type SpecWorld } from "../root-server/testing/device.ts";
import { detectHost, type HostCapabilities } from "../sandbox/index.ts";
import { enter, findVictim, intrude, mountInside, type Victim } from "./testing/sabotage.ts";

const instance = nextName();
let device: SpecDevice;
let world: SpecWorld;
let host: HostCapabilities;
let watch: Awaited<ReturnType<typeof watchStatus>>;

beforeAll(async () => {
  host = await detectHost();
  device = await makeDevice(instance, {
    mounted: { fake: "good" },
    limited: { fake: "good" },
    placed: { fake: "good" },
    shared: { fake: "good" },
    squatter: { fake: "squatter", strong: ["mounted"] },
    networked: { fake: "good", more: { network: ["mqtt"] } },
  });
  cleanUp.push(() => device.remove());
  await device.installVerify();
  world = startIn(device);
  watch = await watchStatus(world);
});
afterAll(cleanUpAll);

const victim = (name: string): Promise<Victim> => findVictim(host, instance, name);

/** The next report after now. */
async function verify(): Promise<Verification> {
  const before = watch.last()?.verification?.atMs ?? 0;
  await device.ask("verify");
  const { verification } = await watch.when((status) => (status.verification?.atMs ?? 0) > before);
  if (!verification) throw new Error("no report");
  return verification;
}

test("[K8] at the start, once all are ready: what runs is what is written", async () => {
  const { verification } = await watch.when((status) => allReady(status) && status.verification != null);
  expect(verification).toMatchObject({ ok: true, components: 8, differences: [], failure: null });
});

test("[K8] the state says what the host has to give, Landlock included", async () => {
  const { host: layers = [] } = await watch.when(allReady);
  expect(layers.map(({ layer }) => layer)).toEqual([
    "kernel",
    "own uid",
    "namespaces",
    "user namespace",
    "seccomp",
    "control groups",
    "placement on cores",
    "deadline scheduling",
    "Landlock",
  ]);
  expect(layers.find(({ layer }) => layer === "seccomp")).toMatchObject({ state: "used" });
});

describe("[K8] broken on purpose", () => {
  let report: Verification;
  /** Each: component, what, found. */
  let texts: string[];
  const undo: (() => unknown)[] = [];

  beforeAll(async () => {
    await breakMounts(await victim("mounted"));
    await breakLimits(await victim("limited"));
    await breakScheduling(await victim("placed"));
    await breakNamespaces(await victim("shared"));
    await breakNetwork(await victim("networked"));
    const console = world.console("squatter");
    process.kill((await victim("squatter")).pid, "SIGUSR2");
    await until(() => console.lines.includes("squats"), "the squatter");
    console.close();
    report = await verify();
    texts = report.differences.map(({ component, what, expected, found }) =>
      [component, what, expected, found].join("|"),
    );
  });
  afterAll(() => {
    for (const action of undo) action();
  });

  async function breakMounts({ pid }: Victim): Promise<void> {
    await mountInside(pid, "/tmp");
    await mountInside(pid, "/app");
  }

  async function breakLimits({ pid, groups }: Victim): Promise<void> {
    const file = host.cgroup.version === "v2" ? "memory.max" : "memory.limit_in_bytes";
    const memory = groups.find((path) => host.cgroup.version === "v2" || path.includes("/memory/")) ?? "";
    await writeFile(join(memory, file), String(40 * 2 ** 20));
    const pids = groups.find((path) => host.cgroup.version === "v2" || path.includes("/pids/")) ?? "";
    await writeFile(join(pids, "pids.max"), "max");
    await writeFile(join(pids, "../../../cgroup.procs"), String(pid));
  }

  async function breakScheduling({ pid }: Victim): Promise<void> {
    await execa("chrt", ["--idle", "--pid", "0", `${pid}`]);
    await execa("renice", ["-n", "7", "-p", `${pid}`]);
    await execa("taskset", ["--pid", "1", `${pid}`]);
  }

  async function breakNamespaces({ pid, root, init }: Victim): Promise<void> {
    const uid = String(/^Uid:\s+(\d+)/m.exec(await readFile(`/proc/${init}/status`, "utf8"))?.[1]);
    await enter(pid, ["--net"], ["ip", "address", "add", "192.0.2.1/32", "dev", "lo"]);
    const identity = ["setpriv", "--reuid", uid, "--clear-groups", "--"];
    undo.push(intrude(root, ["--pid"], identity));
    undo.push(intrude(root, ["--pid", `--ipc=/proc/${pid}/ns/ipc`]));
  }

  async function breakNetwork({ pid, root }: Victim): Promise<void> {
    await enter(pid, ["--net"], ["ip", "address", "add", "fd00:bad::1/128", "dev", "eth0"]);
    await enter(pid, ["--net"], ["ip", "route", "add", "fd00:dead::/32", "dev", "eth0"]);
    await enter(pid, ["--net"], ["ip", "link", "add", "extra0", "type", "veth", "peer", "name", "extra1"]);
    await enter(root, ["--net"], ["nft", "flush", "chain", "inet", "bulkhead", "output"]);
    const router = `--net=/proc/${root}/root/run/netns/router`;
    const rule = ["add", "rule", "inet", "bulkhead", "forward", "accept"];
    await enter(root, [router], ["nft", ...rule]);
    await enter(pid, ["--net"], ["nft", "add", "table", "inet", "mine"]);
  }

  test.each<[string, RegExp]>([
    ["a mount upon a mount", /^mounted\|mounts of .*\|.*\|a tmpfs on \/tmp$/],
    ["another bundle over its own", /^mounted\|what \/app shows of .*\|\d+:\d+\|\d+:\d+$/],
    ["a mount that is writable and should not be", /^mounted\|mount \/app of .*\|ro\|rw,/],
    ["a limit that is another", /^limited\|limit .*\/memory\.(max|limit_in_bytes)\|50331648\|41943040$/],
    ["a limit that is none", /^limited\|limit .*\/pids\.max\|\d+\|max$/],
    ["a process moved out of its group", /^limited\|processes in .*\|\d+\|missing$/],
    ["its threads, which are not in all hierarchies any more", /^limited\|control groups of thread \d+ of /],
    ["another scheduling policy", /^placed\|scheduling of thread \d+ of .*\|SCHED_OTHER\|SCHED_IDLE$/],
    ["another nice value", /^placed\|nice value of thread .*\|7$/],
    ["other processor cores", /^placed\|processor cores of thread .*\|0$/],
    ["a process that has its uid", /^shared\|who has its uid\|nobody else\|sleep \(\d+\)$/],
    ["a process that is in its namespace", /^shared\|who is in its ipc namespace\|nobody else\|sleep \(\d+\)$/],
    ["processes that nobody started", /^board\|processes\|.*\|also sleep \(\d+\)$/],
    ["an address of one that has no network", /^shared\|addresses of .*\|also 192\.0\.2\.1\/32/],
    ["an address", /^networked\|addresses of .*\|also fd00:bad::1\/128 eth0/],
    ["a route", /^networked\|routes of .*\|also .*fd00:dead::\/32 dev eth0/],
    ["an interface", /^networked\|interfaces of .*\|also extra1, extra0|extra0, extra1/],
    ["a table of packet filter rules", /^networked\|packet filter rules of .*\|also table inet mine/],
    [
      "the rules of the uplink, flushed",
      /^board\|packet filter rules of the uplink\|.*udp dport 51820 accept.*\|missing$/,
    ],
    ["a rule of the router that lets everything pass", /^board\|packet filter rules of the router\|.*\|also accept$/],
    ["a Unix socket where no channel is", /^squatter\|sockets\|.*\|unix, listening on \/tmp\/mine\.sock$/],
    ["a TCP socket without a network", /^squatter\|sockets\|.*\|tcp, listening on 0100007F:0FA0$/],
    ["a descriptor of a directory", /^squatter\|descriptors of .*\|\d+ is .*\/app: a directory$/],
  ])("finds %s", (_, expected) => {
    expect(texts.filter((text) => expected.test(text)).length, texts.join("\n")).toBeGreaterThan(0);
  });

  test("and says nothing of who was left alone", () => {
    expect(report).toMatchObject({ ok: false, failure: null, more: 0 });
    const named = new Set(report.differences.map(({ component }) => component));
    expect([...named].sort()).toEqual(["board", "limited", "mounted", "networked", "placed", "shared", "squatter"]);
  });
});
