/** Where and when a component runs, on the real kernel: cores and deadlines. Needs root. */
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseCores } from "./cgroup/core-list.ts";
import { readPlacement } from "./cgroup/cores.ts";
import { groupDirectories } from "./cgroup/host.ts";
import { hasDeadline } from "./deadline.ts";
import { keepToCores } from "./housekeeping.ts";
import { removeCgroups } from "./index.ts";
import type { Sandbox } from "./spec.ts";
import { type Bench, openBench } from "./testing/harness.ts";

const fair = { class: "fair", weight: 100 } as const;
const cpu = { class: "deadline", budgetUs: 20_000, periodUs: 100_000 } as const;
const base = { memoryBytes: 128 * 1024 ** 2, processes: 32 };

let bench: Bench;
let lastCore: number;
beforeAll(async () => {
  bench = await openBench();
  lastCore = (await allowedCores(process.pid)).at(-1) ?? 0;
});
afterAll(() => bench.close());

const group = (name: string) => `${bench.instance}/${name}`;

/** Every thread of a process, since each has a mask of its own. */
async function allowedCores(pid: number): Promise<number[]> {
  const threads = await readdir(`/proc/${pid}/task`);
  const status = await Promise.all(threads.map((id) => readFile(`/proc/${pid}/task/${id}/status`, "utf8")));
  return [...new Set(status.flatMap((text) => parseCores(/^Cpus_allowed_list:\s+(.*)$/m.exec(text)?.[1] ?? "")))];
}

/** Scheduling policy by /proc/<pid>/task/<id>/stat, field 41 (proc(5)); 6 is SCHED_DEADLINE (linux/sched.h). */
async function policies(pid: number): Promise<Record<"main" | "others", string[]>> {
  const found: Record<"main" | "others", string[]> = { main: [], others: [] };
  for (const id of await readdir(`/proc/${pid}/task`)) {
    const stat = await readFile(`/proc/${pid}/task/${id}/stat`, "utf8");
    const policy = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[38] ?? "";
    found[id === `${pid}` ? "main" : "others"].push(policy);
  }
  return found;
}

describe("[K20] cores", () => {
  test("are the only ones that any thread of the component may run on", async (context) => {
    if (bench.host.cgroup.version === "none" || !bench.host.cgroup.cpuset) return context.skip("no cpuset here");
    const limits = { ...base, cpu: fair, cores: [lastCore] };
    const { sandbox, ask } = await bench.probe({ limits, cgroup: group("placed"), requires: ["cores"] });
    await ask({ probe: "workers", count: 2 });
    expect(sandbox.level).toMatchObject({ cores: "applied", missing: [] });
    expect(await allowedCores(sandbox.componentPid)).toEqual([lastCore]);
    const other = await bench.probe({ limits: { ...base, cpu: fair }, cgroup: group("anywhere") });
    expect(other.sandbox.level.cores).toBe("not-asked");
    expect(await allowedCores(other.sandbox.componentPid)).toEqual(await allowedCores(process.pid));
    if (bench.host.exclusiveCores) {
      const taken = bench.start({ limits: { ...base, cpu, cores: [lastCore] }, cgroup: group("taken") });
      await expect(taken).rejects.toThrow(/does not give the cores \d+ away/);
    }
    sandbox.kill();
    await sandbox.exited;
  });

  test("are not said to be a component's that may run elsewhere, or is not alone there", async (context) => {
    const { cgroup } = bench.host;
    if (cgroup.version === "none" || !cgroup.cpuset) return context.skip("no cpuset here");
    const read = (cores: number[], by: typeof fair | typeof cpu, on: string) =>
      readPlacement(probed.sandbox.componentPid, cgroup, group(on), { cores, cpu: by });
    const cores = await allowedCores(process.pid);
    const probed = await bench.probe({ limits: { ...base, cpu: fair, cores: [lastCore] }, cgroup: group("shared") });
    expect(await read([lastCore], fair, "shared")).toBe("applied");
    expect(await read([...cores, 255], fair, "shared")).toBe("unavailable");
    expect(await read(cores, fair, "shared")).toBe(cores.length === 1 ? "applied" : "unavailable");
    // Version 1 knows no cores of a group's own; deadlines there are the whole machine's.
    expect(await read([lastCore], cpu, "shared")).toBe(cgroup.version === "v2" ? "unavailable" : "applied");
    probed.sandbox.kill();
    await probed.sandbox.exited;
  });

  test("of the runtime are left by a component that has others, or more, and kept by one that names none", async (context) => {
    const all = await allowedCores(process.pid);
    const [first = 0] = all;
    if (bench.host.cgroup.version === "none" || !bench.host.cgroup.cpuset || all.length < 2) {
      return context.skip("no cpuset, or one core, here");
    }
    await keepToCores([first], bench.host);
    try {
      expect(await allowedCores(process.pid)).toEqual([first]);
      const coresOf = async (name: string, cores?: number[]) => {
        const limits = { ...base, cpu: fair, ...(cores && { cores }) };
        const { sandbox } = await bench.probe({ limits, cgroup: group(name) });
        const seen = await allowedCores(sandbox.componentPid);
        // Who is bound to a core keeps others from having it for themselves.
        sandbox.kill();
        await sandbox.exited;
        return seen;
      };
      expect(await coresOf("elsewhere", [lastCore])).toEqual([lastCore]);
      expect(await coresOf("on-both", [first, lastCore])).toEqual([first, lastCore]);
      expect(await coresOf("at-home")).toEqual([first]);
    } finally {
      await keepToCores([], bench.host);
    }
    expect(await allowedCores(process.pid)).toEqual(all);
  });

  test("that the board does not have stop the start", async () => {
    const limits = { ...base, cpu: fair, cores: [255] };
    await expect(bench.start({ limits, cgroup: group("nowhere"), requires: ["cores"] })).rejects.toThrow(
      expect.objectContaining({ code: "SANDBOX_UNAVAILABLE" }),
    );
  });

  test("are given back when the component has gone, with all its groups", async () => {
    const instance = `${bench.instance}-cores`;
    await bench.probe({ limits: { ...base, cpu: fair, cores: [lastCore] }, cgroup: `${instance}/one` });
    await removeCgroups(instance);
    const { cgroup } = bench.host;
    const cpuset = cgroup.version === "v1" && cgroup.cpuset ? [join(cgroup.cpuset, "bulkhead", instance)] : [];
    expect([...groupDirectories(cgroup, instance), ...cpuset].filter((path) => existsSync(path))).toEqual([]);
  });
});

describe("[K6] a deadline", () => {
  test("is the kernel's for the main thread once the component is ready, and for no other thread", async (context) => {
    if (bench.host.deadline === "unavailable") return context.skip("no deadline scheduling here");
    const { sandbox, ask } = await bench.probe({
      limits: { ...base, cpu },
      cgroup: group("deadline"),
      requires: ["deadline"],
    });
    expect(sandbox.level).toMatchObject({ deadline: "when-ready", missing: [] });
    await ask({ probe: "identity" });
    await sandbox.schedule();
    expect(sandbox.level).toMatchObject({ deadline: "applied", missing: [] });
    const { stdout } = await execa("chrt", ["--pid", `${sandbox.componentPid}`]);
    expect(stdout).toMatch(/SCHED_DEADLINE[\s\S]*: 20000000\/100000000\/100000000$/);
    // Threads that it makes from now on are not refused, and do not share its budget.
    expect(await ask({ probe: "workers", count: 2 })).toEqual({ started: 2 });
    // And what is read back is this deadline, not any, and not everybody's.
    expect(await hasDeadline(sandbox.componentPid, cpu)).toBe(true);
    expect(await hasDeadline(sandbox.componentPid, { ...cpu, budgetUs: cpu.budgetUs + 1 })).toBe(false);
    expect(await hasDeadline(process.pid, cpu)).toBe(false);
    const { main, others } = await policies(sandbox.componentPid);
    expect(main).toEqual(["6"]);
    expect([...new Set(others)]).toEqual(["0"]);
  });

  test("that the kernel has no room for is refused, and says so", async (context) => {
    if (bench.host.deadline === "unavailable") return context.skip("no deadline scheduling here");
    const whole = { class: "deadline", budgetUs: 99_000, periodUs: 100_000 } as const;
    const refusals: string[] = [];
    const started: Sandbox[] = [];
    // One more than there are cores: the last cannot fit.
    for (const core of [...(await allowedCores(process.pid)), -1]) {
      const { sandbox, ask } = await bench.probe({ limits: { ...base, cpu: whole }, cgroup: group(`whole${core}`) });
      started.push(sandbox);
      await ask({ probe: "identity" });
      await sandbox.schedule().catch((error: Error) => refusals.push(error.message));
    }
    // Where one of them slept last, the kernel has room for nothing else, also when the core is somebody's own.
    for (const sandbox of started) sandbox.kill();
    await Promise.all(started.map(({ exited }) => exited));
    expect(refusals.at(-1)).toMatch(/deadline scheduling \(chrt: .*busy/i);
  });

  test("is not started without where it is required and cannot be had", async () => {
    const host = { ...bench.host, deadline: "unavailable" } as const;
    const spec = { limits: { ...base, cpu }, cgroup: group("impossible") };
    await expect(bench.start({ ...spec, requires: ["deadline"] }, host)).rejects.toThrow(
      expect.objectContaining({ code: "SANDBOX_UNAVAILABLE" }),
    );
    const { sandbox } = await bench.probe(spec, host);
    expect(sandbox.level).toMatchObject({ deadline: "unavailable", missing: ["deadline scheduling"] });
    await sandbox.schedule();
    expect((await policies(sandbox.componentPid)).main).toEqual(["0"]);
  });

  test("on chosen cores has them for itself, and nobody else may run there", async (context) => {
    if (!bench.host.exclusiveCores) return context.skip("no cores of a component's own here");
    const limits = { ...base, cpu, cores: [lastCore] };
    const { sandbox, ask } = await bench.probe({
      limits,
      cgroup: group("alone"),
      requires: ["cores", "deadline"],
    });
    await ask({ probe: "identity" });
    await sandbox.schedule();
    expect(sandbox.level).toMatchObject({ cores: "applied", deadline: "applied", missing: [] });
    expect(await allowedCores(sandbox.componentPid)).toEqual([lastCore]);
    const neighbour = await bench.probe({ limits: { ...base, cpu: fair }, cgroup: group("beside") });
    expect(await allowedCores(neighbour.sandbox.componentPid)).not.toContain(lastCore);
    expect(await allowedCores(process.pid)).not.toContain(lastCore);
    sandbox.kill();
    await sandbox.exited;
    expect(await allowedCores(process.pid)).toContain(lastCore);
  });
});
