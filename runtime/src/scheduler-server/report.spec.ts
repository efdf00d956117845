import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { maxFrameBytes } from "@bulkhead/protocol";
import { startComponent } from "@bulkhead/sdk/testing";
import { execa } from "execa";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readTrace } from "../trace/index.ts";
import { describeCpu } from "./declared.ts";
import { component } from "./main.ts";
import { reportLimits } from "./report.ts";
import { readUsage } from "./usage.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "bulkhead-cgroup-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function lay(files: Record<string, string>) {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), `${content}\n`);
  }
}
const fair = { class: "fair" as const, weight: 100, quotaPercent: 50 };
const declared = { climate: { cpu: fair, memoryBytes: 48 << 20, processes: 16, openFiles: 256, spare: false } };

test("[K6] declared limits stand beside those that the kernel enforces, version 2", async () => {
  await lay({
    "climate/memory.max": String(48 << 20),
    "climate/memory.current": "1000",
    "climate/pids.max": "16",
    "climate/pids.current": "11",
    "climate/cpu.weight": "100",
    "climate/cpu.max": "50000 100000",
    "climate/cpu.stat": "usage_usec 1234\nuser_usec 1",
  });
  expect(await reportLimits(root, declared, { climate: 12, other: 7 })).toEqual({
    cgroup: "v2",
    components: [
      {
        name: "climate",
        declared: { memoryBytes: 48 << 20, cpu: "weight 100, at most 50 % of a core", processes: 16, openFiles: 256 },
        enforced: { memoryBytes: 48 << 20, cpuWeight: 100, cpuQuotaPercent: 50, processes: 16 },
        used: { memoryBytes: 1000, cpuUs: 1234, processes: 11, openFiles: 12 },
      },
    ],
  });
});

test("[K6] version 1 is read from its controllers", async () => {
  await lay({
    "memory/climate/memory.limit_in_bytes": String(48 << 20),
    "memory/climate/memory.usage_in_bytes": "1000",
    "pids/climate/pids.max": "max",
    "cpu/climate/cpu.shares": "1024",
    "cpu/climate/cpu.cfs_quota_us": "-1",
    "cpu/climate/cpu.cfs_period_us": "100000",
  });
  expect(await reportLimits(root, declared)).toMatchObject({
    cgroup: "v1",
    components: [
      {
        enforced: { memoryBytes: 48 << 20, cpuWeight: 100, cpuQuotaPercent: null, processes: null },
        used: { cpuUs: null },
      },
    ],
  });
});

test("[K6] a component with a spare counts twice, whichever of its two groups stands", async () => {
  const twice = { climate: { ...declared.climate, spare: true } };
  await lay({ "climate.spare/memory.max": String(48 << 20), "climate.spare/memory.current": "1000" });
  expect((await reportLimits(root, twice)).components[0]).toMatchObject({
    declared: { memoryBytes: 96 << 20, processes: 32 },
    used: { memoryBytes: 1000 },
  });
  await lay({ "climate/memory.max": String(48 << 20), "climate/memory.current": "234" });
  expect((await reportLimits(root, twice)).components[0]).toMatchObject({
    enforced: { memoryBytes: 96 << 20 },
    used: { memoryBytes: 1234 },
  });
});

test("[K6] where the kernel enforces nothing the report says so, instead of repeating the manifest", async () => {
  expect(await reportLimits(root, declared)).toMatchObject({
    cgroup: "none",
    components: [{ enforced: { memoryBytes: null, cpuWeight: null, cpuQuotaPercent: null, processes: null } }],
  });
});

test("[K6] the scheduler server answers its interface, and refuses a configuration that is none", async () => {
  const started = await startComponent(component, { uses: {}, config: { instance: "test", components: declared } });
  const { client } = started.connect("report");
  // Both wait for one count of the root server's, which alone can say what is open.
  const reports = [client.report(), client.report()];
  await expect.poll(() => started.told).toEqual([{ kind: "files", body: {} }]);
  started.root.files({ open: { climate: 21 } });
  for (const { components } of await Promise.all(reports)) {
    expect(components).toMatchObject([{ name: "climate", declared: { openFiles: 256 }, used: { openFiles: 21 } }]);
  }
  await expect(startComponent(component, { uses: {}, config: { components: 7 } })).rejects.toMatchObject({
    code: "ENVIRONMENT_INVALID",
  });
});

test("[K6] processor shares are described in words", () => {
  expect(describeCpu({ class: "deadline", budgetUs: 2000, periodUs: 50_000 })).toBe("2 ms in every 50 ms");
  expect(describeCpu({ class: "fair", weight: 100 })).toBe("weight 100");
});

test("[K16] [K21] storage, trace and counters of each component are shown, and nothing that a component wrote is believed", async () => {
  await lay({
    "trace/good/1": '1\n[7,"m","a mark"]\nnonsense\n[8,"b","client","fan","set",1]',
    "trace/good/counters.json": JSON.stringify([
      { client: "climate", name: "fan", refusedConnections: 0, refusedCalls: 3, droppedNotifications: 1 },
    ]),
    "trace/bad/counters.json": '[{"client":"../../etc"}]',
    "storage/good/file": "x",
  });
  const places = { good: { quotaBytes: 1 << 20, ringBytes: 4096 }, bad: { quotaBytes: 0, ringBytes: 4096 } };
  const usage = await readUsage({ storage: join(root, "storage"), trace: join(root, "trace") }, places);
  expect(usage.map(({ name, channels }) => [name, channels.length])).toEqual([
    ["good", 1],
    ["bad", 0],
  ]);
  // The disk of this test is larger than the quota: nothing limits it.
  expect(usage[0]?.storage).toMatchObject({ limited: false });
  expect(usage[1]?.storage).toBeNull();
  expect(usage[0]?.trace.usedBytes).toBeGreaterThan(20);
  expect(readTrace(join(root, "trace"), "good", 4096)).toEqual({
    entries: [
      [7, "m", "a mark"],
      [8, "b", "client", "fan", "set", 1],
    ],
    damaged: 1,
  });
});

test("[K16] [K21] rings and counters that are holes, pipes or links cost the scheduler server nothing, and hide nobody else's", async () => {
  const counted = JSON.stringify([
    { client: "a", name: "b", refusedConnections: 0, refusedCalls: 3, droppedNotifications: 1 },
  ]);
  const names = ["good", "hole", "pipe", "link"];
  await lay(Object.fromEntries(names.map((name) => [`trace/${name}/0`, '2\n[7,"m","a mark"]'])));
  await lay({ "trace/good/counters.json": counted, "trace/hole/counters.json": "" });
  // More than Node reads into a text, and more than a JSON number of the protocol may be.
  for (const file of ["counters.json", "1"]) {
    await writeFile(join(root, "trace/hole", file), "");
    await truncate(join(root, "trace/hole", file), 2 ** 40);
  }
  for (const file of ["counters.json", "1"]) await execa("mkfifo", [join(root, "trace/pipe", file)]);
  await symlink(join(root, "trace/good/counters.json"), join(root, "trace/link/counters.json"));

  const places = Object.fromEntries(names.map((name) => [name, { quotaBytes: 0, ringBytes: 8192 }]));
  const usage = await readUsage({ storage: join(root, "storage"), trace: join(root, "trace") }, places);
  expect(usage.map(({ channels }) => channels.length)).toEqual([1, 0, 0, 0]);
  expect(usage[1]?.trace.usedBytes).toBe(8192);
  for (const name of names) expect(readTrace(join(root, "trace"), name, 8192).entries).toHaveLength(1);
});

test("[K16] of a ring of any size and content as much is read as an answer can carry: the newest", async () => {
  const ringBytes = 8 << 20;
  const sizeOf = (name: string) => Buffer.byteLength(JSON.stringify(readTrace(join(root, "trace"), name, ringBytes)));
  const mark = (text: string, count: number) =>
    Array.from({ length: count }, (_, i) => `[${i},"m","${text}"]`).join("\n");
  await lay({
    "trace/wide/1": `1\n${mark("\u6f22".repeat(300), 3000)}`,
    "trace/ends/1": `1\n${"\n".repeat(3 << 20)}`,
    "trace/long/1": `1\n${mark("x", 200_000)}\n[7,"m","the newest"]`,
  });
  for (const name of ["wide", "ends", "long"]) expect(sizeOf(name)).toBeLessThan(maxFrameBytes);
  expect(readTrace(join(root, "trace"), "wide", ringBytes).entries.length).toBeGreaterThan(100);
  expect(readTrace(join(root, "trace"), "ends", ringBytes)).toEqual({ entries: [], damaged: 5000 });
  expect(readTrace(join(root, "trace"), "long", ringBytes).entries.at(-1)).toEqual([7, "m", "the newest"]);
});
