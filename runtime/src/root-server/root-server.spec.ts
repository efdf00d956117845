import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { CrashFacts, DeviceStatus } from "@bulkhead/protocol";
import { afterEach, describe, expect, test } from "vitest";
import { tryDeadline } from "../sandbox/index.ts";
import {
  allReady,
  boot,
  cleanUp,
  cleanUpAll,
  messageIn,
  nextName,
  startIn,
  stateOf,
  until,
  watchStatus,
} from "./testing/bench.ts";
import { makeDevice, type SpecDevice, type SpecWorld } from "./testing/device.ts";

const nobody = 65_534;

afterEach(cleanUpAll);

describe("start", () => {
  test("[K2] [K7] all components come up, each with its own uid and what it was given, and end in order", async () => {
    const { world, device } = await boot({
      provider: { fake: "good" },
      prober: {
        fake: "prober",
        strong: ["provider"],
        more: { cpu: { class: "deadline", budgetUs: 20_000, periodUs: 100_000 }, cores: [] },
      },
    });
    await world.line(/generation 1/);
    const prober = world.console("prober");
    const isSettled = (now: DeviceStatus) => stateOf(now, "prober")?.level?.deadline !== "when-ready";
    const status = await (await watchStatus(world)).when((now) => allReady(now) && isSettled(now));
    // A deadline is given when a component is ready, by every kernel that lets its user.
    const deadline = (await tryDeadline()) === null ? "applied" : "unavailable";
    expect(stateOf(status, "prober")?.level).toMatchObject({ deadline, cores: "not-asked" });
    expect(stateOf(status, "prober")).toMatchObject({
      incarnation: 1,
      restarts: 0,
      lastReason: null,
      role: "application",
    });
    expect(stateOf(status, "prober")?.level).toMatchObject({
      uid: "own",
      capabilities: "0000000000000000",
      noNewPrivileges: true,
    });
    expect(status.channels).toEqual([
      { client: "prober", name: "to-provider", provider: "provider", up: true, incarnation: 1 },
    ]);
    const seen = JSON.parse(await until(() => prober.lines[0], "the prober's line"));
    expect(seen.ipc).toEqual(["uses"]);
    expect(seen.root).not.toContain("verifier");
    expect(seen.start).toContain("hello");
    const uids = (await device.record()).uidNumbers;
    expect(new Set(Object.values(uids)).size).toBe(Object.keys(uids).length);
    expect(seen.uid).toBe(700_000 + uids.prober);
    world.tell("end");
    expect(await world.ended).toBe(0);
    expect(await leftGroups(device)).toEqual([]);
  });

  test("[K7] a provider has room for its sockets and no more: what all share cannot be filled by one", async () => {
    const { world } = await boot({
      hoarder: { fake: "hoarder" },
      client: { fake: "good", strong: ["hoarder"] },
    });
    await world.line(/generation 1/);
    const hoarder = world.console("hoarder");
    const got = JSON.parse(await until(() => hoarder.lines[0], "the hoarder's line"));
    expect(got).toMatchObject({ full: "ENOSPC", crowded: "ENOSPC" });
    expect(got.bytes).toBeLessThan(2 ** 20);
    expect(got.files).toBeLessThan(100);
  });

  test("bad configurations, disks without a device and damaged records end with a coded error", async () => {
    const { world, device } = await boot({});
    await world.line(/generation 1/);
    await world.close();
    for (const slot of ["a", "b"]) await writeFile(join(device.dataDir, "state", slot), "garbage");
    const damaged = startIn(device);
    await damaged.line(/STATE_DAMAGED: both slots/);
    expect(await damaged.ended).toBe(1);
    await rm(join(device.dataDir, "state"), { recursive: true });
    const empty = startIn(device);
    await empty.line(/STATE_DAMAGED: .* holds no device/);
    expect(await empty.ended).toBe(1);
  });
});

describe("supervision of real processes", () => {
  test("[K2] a crash restarts the strong dependent, leaves the weak one, and the reasons can be read", async () => {
    const { world } = await boot({
      flaky: { fake: "flaky" },
      strong: { fake: "good", strong: ["flaky"] },
      weak: { fake: "good", weak: ["flaky"] },
    });
    const watch = await watchStatus(world);
    const status = await watch.when((now) => allReady(now) && stateOf(now, "flaky")?.incarnation === 2);
    expect(stateOf(status, "flaky")?.lastReason?.text).toBe("flaky exited with code 1: it gave up on purpose");
    expect(stateOf(status, "strong")).toMatchObject({
      incarnation: 2,
      lastReason: { text: "strong restarted because flaky, on which it depends, restarted" },
    });
    expect(stateOf(status, "weak")).toMatchObject({ incarnation: 1, lastReason: null });
    await world.line(/flaky exited with code 1: it gave up on purpose; it is restarted in \d+ ms/);
  });

  test("[K2] the serial server is told of each crash: how it ended, its last word, its limits and what it took", async () => {
    const { world } = await boot({
      "serial-server": { fake: "serialServer", core: true },
      flaky: { fake: "flaky" },
    });
    await (await watchStatus(world)).when(allReady);
    const serial = world.console("serial-server");
    const line = await until(() => serial.lines[0], "the serial server's line");
    const [, , facts] = messageIn(line) as [2, "crash", CrashFacts];
    expect(facts).toMatchObject({
      component: "flaky",
      incarnation: 1,
      generation: 1,
      release: "spec 1.0.1",
      reason: "flaky exited with code 1: it gave up on purpose",
      exit: { code: 1, signal: null, outOfMemory: false },
      stack: "at flaky",
      limits: { memoryBytes: 48 * 1024 * 1024 },
    });
    expect(facts.memoryPeakBytes).toBeGreaterThan(1024 * 1024);
    expect(facts.use).toMatchObject({ limited: true, memoryLimitHits: 0, processLimitHits: 0 });
    expect(facts.use?.cpuUs).toBeGreaterThan(1000);
    const { fromUs = 0, toUs = 0 } = facts.life ?? {};
    expect(toUs - fromUs).toBeGreaterThan(1_500_000);
    expect(Number(process.hrtime.bigint() / 1000n)).toBeGreaterThan(toUs);
  });

  test("[K2] whoever hangs, sends garbage or asks for what it may not is killed and restarted with the reason", async () => {
    const { world } = await boot({
      hanging: { fake: "hanging" },
      garbage: { fake: "garbage" },
      presumptuous: { fake: "presumptuous" },
      good: { fake: "good" },
    });
    await world.line(/hanging gave no heartbeat for 1.5 s; it is restarted/);
    await world.line(/garbage sent garbage on its control channel: a frame of 4294967295 bytes; at most 65536/);
    await world.line(/presumptuous asked for restart, which only the verifier may; it is restarted/);
    const status = await (await watchStatus(world)).when((now) => (stateOf(now, "hanging")?.incarnation ?? 0) >= 2);
    expect(stateOf(status, "good")).toMatchObject({ incarnation: 1, state: "ready" });
    world.tell("end");
    expect(await world.ended).toBe(0);
  });

  test("[K2] what crashes too often is given up with its group; the rest of the system goes on", async () => {
    const { world } = await boot({
      flaky: { fake: "flaky", restart: { intensity: 1 } },
      strong: { fake: "good", strong: ["flaky"] },
      good: { fake: "good" },
    });
    const status = await (await watchStatus(world)).when((now) => stateOf(now, "strong")?.state === "failed");
    expect(stateOf(status, "flaky")).toMatchObject({
      state: "failed",
      pid: null,
      lastReason: { text: expect.stringMatching(/it is given up after more than 1 restarts within 60 s$/) },
    });
    expect(stateOf(status, "good")?.state).toBe("ready");
  });

  test("[K2] pid 1 collects its dead: restarts leave no zombie", async () => {
    const { world, device } = await boot({
      garbage: { fake: "garbage", restart: { intensity: 100 } },
      good: { fake: "good" },
    });
    const watch = await watchStatus(world);
    await watch.when((now) => (stateOf(now, "garbage")?.incarnation ?? 0) >= 3);
    await device.ask("restart good");
    await watch.when((now) => stateOf(now, "good")?.incarnation === 2 && allReady(now));
    // Some component ends at any moment, and is one for the next; what is left of a restart stays one.
    const seen = await zombies(world);
    await expect
      .poll(async () => (await zombies(world)).filter((one) => seen.includes(one)), { timeout: 20_000 })
      .toEqual([]);
  });
});

describe("restart of all", () => {
  test("[M15] the verifier may ask for a restart of the runtime, and it comes back", async () => {
    const { world, device } = await boot({ one: { fake: "good" } });
    await (await watchStatus(world)).when(allReady);
    const from = world.lines.length;
    await device.ask("restart -");
    await world.line(/the runtime restarts: the test asks for it/);
    await world.line(/ENDED 75/);
    await world.line(/generation 1 .* starts/, from);
  });

  test("[K2] SIGKILL of the root server leaves no process, and the next start works", async () => {
    const { world, device } = await boot({ one: { fake: "good" } });
    await (await watchStatus(world)).when(allReady);
    const before = await processesOf(device);
    expect(before.length).toBeGreaterThan(0);
    const from = world.lines.length;
    world.tell("kill");
    await world.line(/ENDED/, from);
    await until(async () => !(await processesOf(device)).some((pid) => before.includes(pid)), "the end of all");
    await world.line(/generation 1 .* starts/, from);
    await until(async () => (await processesOf(device)).length >= before.length, "all to be back");
  });
});

describe("as an ordinary user", () => {
  test("[K7] a device runs with the one uid that a user namespace gives, and says what it does without", async () => {
    const device = await makeDevice(nextName(), { one: { fake: "good" } }, null);
    cleanUp.push(() => device.remove());
    await device.giveTo(nobody);
    const world = device.start({ uid: nobody });
    cleanUp.push(() => world.close());
    await world.line(/this host does without: one uid for all components/);
    const status = await (await watchStatus(world)).when(allReady);
    expect(stateOf(status, "one")?.level).toMatchObject({
      uid: "shared",
      capabilities: "0000000000000000",
      cgroup: "none",
    });
    world.tell("end");
    expect(await world.ended).toBe(0);
  });
});

test("[K2] SIGTERM ends all in order, also while a program runs for the root server", async () => {
  const device = await makeDevice(nextName(), { one: { fake: "good" } });
  cleanUp.push(() => device.remove());
  // A look that takes long: execa listens for signals too while it waits for it, and kills who seems not to.
  await writeFile(join(device.platformDir, "verify.js"), 'console.error("looks"); setInterval(() => {}, 1000);\n');
  const world = startIn(device);
  await (await watchStatus(world)).when(allReady);
  await until(async () => (await commandsBelow(world)).some((line) => line.includes("verify.js")), "the look to begin");
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const commandLine = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    const isRoot = commandLine.startsWith(process.execPath) && /root-server\/main\.ts/.test(commandLine);
    if (isRoot && (await isBelow(pid, world.pid))) process.kill(Number(pid), "SIGTERM");
  }
  expect(await world.ended).toBe(0);
});

async function commandsBelow(world: SpecWorld): Promise<string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const lines = pids.map(async (pid) =>
    (await isBelow(pid, world.pid)) ? readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "") : "",
  );
  return Promise.all(lines);
}

/** Processes of the host in the device's control groups. */
async function processesOf(device: SpecDevice): Promise<string[]> {
  const groups = await groupsOf(device);
  const texts = await Promise.all(groups.map((group) => readFile(join(group, "cgroup.procs"), "utf8").catch(() => "")));
  return texts.flatMap((text) => text.split("\n").filter((pid) => pid !== ""));
}

async function rootsOf(device: SpecDevice): Promise<string[]> {
  const { instance } = JSON.parse(await readFile(join(device.dataDir, "..", "config.json"), "utf8"));
  return ["/sys/fs/cgroup/pids", "/sys/fs/cgroup"].map((mount) => join(mount, "bulkhead", instance));
}

async function groupsOf(device: SpecDevice): Promise<string[]> {
  const roots = await rootsOf(device);
  const found = await Promise.all(
    roots.map(async (root) => (await readdir(root).catch(() => [])).map((name) => join(root, name))),
  );
  return found.flat().filter((path) => !/\/(cgroup|pids|cpu|memory|notify|tasks)[^/]*$/.test(path));
}

/** What of the device's control groups is left, its own directories included. */
async function leftGroups(device: SpecDevice): Promise<string[]> {
  const roots = await rootsOf(device);
  const found = await Promise.all(
    roots.map((root) =>
      readdir(root).then(
        () => root,
        () => null,
      ),
    ),
  );
  return found.filter((root) => root !== null);
}

/** Zombies among the children of the root server. */
/** By number and name. */
async function zombies(world: SpecWorld): Promise<string[]> {
  const found: string[] = [];
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
    if (/\) Z /.test(stat) && (await isBelow(pid, world.pid))) found.push(stat.slice(0, stat.indexOf(")") + 1));
  }
  return found;
}

async function isBelow(pid: string, ancestor: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  const parent = /\) \S (\d+)/.exec(stat)?.[1];
  if (parent === undefined || parent === "0") return false;
  return Number(parent) === ancestor || isBelow(parent, ancestor);
}
