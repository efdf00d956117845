/** What control groups take away from a component, on the real kernel. Needs root and control groups. */
import { mkdir, mkdtemp, readdir, readFile, rm, rmdir, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { joinGroup, removeGroup, removeUnused } from "./cgroup/group.ts";
import { groupDirectories, parseMountInfo } from "./cgroup/host.ts";
import { cgroupMounts, readCgroup, removeCgroups } from "./index.ts";
import { type Bench, openBench } from "./testing/harness.ts";
import { waitFor } from "./wait.ts";

const MiB = 1024 ** 2;
const fair = { class: "fair", weight: 100 } as const;

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

const without = () => ({ ...bench.host, cgroup: { version: "none", reason: "left out by the test" } }) as const;
const group = (name: string) => `${bench.instance}/${name}`;

describe("[K8] memory", () => {
  const limits = { memoryBytes: 64 * MiB, processes: 32, cpu: fair };

  test("beyond the budget ends the component, and only it", async () => {
    const neighbour = await bench.probe({ limits, cgroup: group("neighbour") });
    const hog = await bench.probe({ limits, cgroup: group("hog") });
    await expect(hog.ask({ probe: "allocate", bytes: 128 * MiB })).rejects.toThrow(/SIGKILL/);
    expect(await neighbour.ask({ probe: "identity" })).toMatchObject({ uid: 10_101 });
  });

  test("is limited by the group: without one, the same component gets it", async () => {
    const { sandbox, ask } = await bench.probe({ limits, cgroup: group("free") }, without());
    expect(sandbox.level).toMatchObject({ cgroup: "none", missing: ["control group"] });
    expect(await ask({ probe: "allocate", bytes: 128 * MiB })).toEqual({ kept: 128 });
  });
});

describe("[K8] processes", () => {
  const limits = { memoryBytes: 512 * MiB, processes: 18, cpu: fair };

  test("and threads end at the limit", async () => {
    const { ask } = await bench.probe({ limits, cgroup: group("threads") });
    const { started } = (await ask({ probe: "workers", count: 16 })) as unknown as { started: number };
    expect(started).toBeLessThan(16);
  });

  test("are limited by the group: without one, all of them start", async () => {
    const { ask } = await bench.probe({ limits, cgroup: group("threads-free") }, without());
    expect(await ask({ probe: "workers", count: 16 })).toEqual({ started: 16 });
  });
});

describe("[K8] open files", () => {
  const limits = { memoryBytes: 96 * MiB, processes: 32, cpu: fair };

  test("end at the limit, which the component cannot raise, and what it closes it can open again", async () => {
    const { ask, sandbox } = await bench.probe({ limits: { ...limits, files: 64 }, cgroup: group("files") });
    const answers = [await ask({ probe: "open", count: 100 }), await ask({ probe: "open", count: 100 })];
    for (const { opened, error } of answers as unknown as { opened: number; error: string }[]) {
      expect(error).toBe("EMFILE");
      expect(opened).toBeGreaterThan(20);
      expect(opened).toBeLessThan(64);
    }
    const kernel = await readFile(`/proc/${sandbox.componentPid}/limits`, "utf8");
    expect(kernel).toMatch(/^Max open files +64 +64 +files/m);
  });

  test("are limited by that alone: without it, the same component opens them", async () => {
    const { ask } = await bench.probe({ limits, cgroup: group("files-free") });
    expect(await ask({ probe: "open", count: 100 })).toEqual({ opened: 100, error: null });
  });
});

test("[K6] a quota bounds the processor time of a component that never rests", async () => {
  const limits = { memoryBytes: 96 * MiB, processes: 32, cpu: { ...fair, quotaPercent: 20 } };
  const { ask } = await bench.probe({ limits, cgroup: group("spinner") });
  const used = (await ask({ probe: "burn", wallMs: 1500 })) as unknown as { cpuMs: number; wallMs: number };
  // One period of 100 ms may be begun at either end, and what a busy machine below this one takes from it is counted as run.
  expect(used.cpuMs).toBeLessThan(used.wallMs * 0.3 + 2 * 20 + 60);
});

test("[K6] what is enforced and used can be read back from inside, read-only", async () => {
  const limits = {
    memoryBytes: 96 * MiB,
    processes: 32,
    cpu: { class: "fair", weight: 300, quotaPercent: 50 },
  } as const;
  const { ask } = await bench.probe({
    limits,
    cgroup: group("reader"),
    mounts: await cgroupMounts(bench.host.cgroup, bench.instance, "/cgroup"),
  });
  const memoryFile = bench.host.cgroup.version === "v2" ? "reader/memory.max" : "memory/reader/memory.limit_in_bytes";
  expect(await ask({ probe: "read", path: `/cgroup/${memoryFile}` })).toEqual({ ok: true, value: `${96 * MiB}\n` });
  expect(await ask({ probe: "write", path: `/cgroup/${memoryFile}` })).toMatchObject({ ok: false, code: "EROFS" });
});

test("[K6] a reading has the limits of the manifest in the manifest's units", async () => {
  const limits = {
    memoryBytes: 96 * MiB,
    processes: 32,
    cpu: { class: "fair", weight: 300, quotaPercent: 50 },
  } as const;
  await bench.probe({ limits, cgroup: group("measured") });
  const root = await mkdtemp(join(tmpdir(), "bulkhead-reading-"));
  for (const [index, mount] of (await cgroupMounts(bench.host.cgroup, bench.instance, "/")).entries()) {
    if (mount.kind !== "ro") throw new Error(`mount ${index} is not read-only`);
    await execa("ln", ["-sT", mount.source, mount.target === "/" ? join(root, "all") : join(root, mount.target)]);
  }
  const reading = await readCgroup(bench.host.cgroup.version === "v2" ? join(root, "all") : root, "measured");
  await rm(root, { recursive: true });
  expect(reading.version).toBe(bench.host.cgroup.version);
  expect(reading.enforced).toEqual({ memoryBytes: 96 * MiB, cpuWeight: 300, cpuQuotaPercent: 50, processes: 32 });
  expect(reading.used.memoryBytes).toBeGreaterThan(MiB);
  expect(reading.used.cpuUs).toBeGreaterThan(1000);
  expect(await readCgroup("/nowhere", "measured")).toMatchObject({ version: "none" });
});

describe("[K7] control groups", () => {
  test("of a component vanish with it", async () => {
    const { sandbox } = await bench.probe({ cgroup: group("passing") });
    const directories = groupDirectories(bench.host.cgroup, group("passing"));
    for (const directory of directories) expect((await stat(directory)).isDirectory()).toBe(true);
    sandbox.kill();
    await sandbox.exited;
    for (const directory of directories) await expect(stat(directory)).rejects.toThrow(/ENOENT/);
  });

  test("of an instance are removed with whatever still runs in them", async () => {
    const instance = `${bench.instance}-left`;
    const left = await bench.probe({ cgroup: `${instance}/one` });
    await bench.probe({ cgroup: `${instance}/two` });
    const removed = await removeCgroups(instance);
    expect(removed).toEqual(expect.arrayContaining(groupDirectories(bench.host.cgroup, instance)));
    expect(await left.sandbox.exited).toEqual({ code: null, signal: "SIGKILL" });
    expect(await removeCgroups(instance)).toEqual([]);
  });

  test("that all instances share are waited for while they are busy, and left alone while somebody has one", async () => {
    for (const top of groupDirectories(bench.host.cgroup, "..")) {
      const root = join(top, `bulkhead-${bench.instance}`);
      await mkdir(join(root, "somebody"), { recursive: true });
      await removeUnused(root);
      expect(await readdir(root)).toContain("somebody");
      await rmdir(join(root, "somebody"));
      const sleeper = execa("sleep", ["600"], { reject: false });
      await writeFile(join(root, "cgroup.procs"), `${sleeper.pid}`);
      const removed = removeUnused(root);
      setTimeout(() => sleeper.kill("SIGKILL"), 50);
      await removed;
      await expect(stat(root)).rejects.toThrow(/ENOENT/);
    }
  });

  test("of somebody else are out of reach by name", async () => {
    for (const name of ["..", ".", "../other", "a/../..", "/", "", "a/b/c"]) {
      await expect(removeCgroups(name)).rejects.toThrow(expect.objectContaining({ code: "ENVIRONMENT_INVALID" }));
    }
  });

  test("of version 2 are entered, emptied and removed (a hierarchy without controllers is enough for that)", async (context) => {
    const mounts = parseMountInfo(await readFile("/proc/self/mountinfo", "utf8"));
    const mount = mounts.find(({ type }) => type === "cgroup2")?.mountPoint;
    if (mount === undefined) return context.skip("no cgroup2 is mounted here");
    const host = { version: "v2", mount } as const;
    const instance = `${bench.instance}-second`;
    const [directory = ""] = groupDirectories(host, `${instance}/second`);
    await mkdir(directory, { recursive: true });
    const sleeper = execa("sleep", ["600"], { reject: false });
    await joinGroup(host, `${instance}/second`, sleeper.pid ?? 0);
    expect(await readFile(join(directory, "cgroup.procs"), "utf8")).toBe(`${sleeper.pid}\n`);
    expect(await removeGroup(host, instance)).toEqual([directory, join(directory, "..")]);
    expect((await sleeper).signal).toBe("SIGKILL");
    await rmdir(join(directory, "../..")).catch(() => undefined);
  });
});

test("[K7] a group that cannot be made stops the start, and leaves nothing", async () => {
  // A directory that is no control group: joining it would limit nothing.
  const fake = await mkdtemp(join(tmpdir(), "bulkhead-no-cgroup-"));
  const host = { ...bench.host, cgroup: { version: "v2", mount: fake } } as const;
  await expect(bench.start({ cgroup: group("fake") }, host)).rejects.toThrow(
    expect.objectContaining({ code: "SANDBOX_UNAVAILABLE" }),
  );
  expect(await waitFor(async () => !(await commandLines()).includes(group("fake")), 1000)).toBe(true);
  await rm(fake, { recursive: true });
});

async function commandLines(): Promise<string> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")));
  return lines.join("\n");
}
