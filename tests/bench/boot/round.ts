/** One start of the ten: what the root server says of it, what the components say, and what processor time it took. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { until } from "../../../runtime/src/root-server/testing/bench.ts";
import type { SpecDevice } from "../../../runtime/src/root-server/testing/device.ts";
import { detectCgroups, groupDirectories } from "../../../runtime/src/sandbox/cgroup/host.ts";
import { processesBelow } from "../../first-light/processes.ts";
import { median, sum } from "../figures.ts";
import { idleNames, rootServerOf } from "./idle-device.ts";

export const readyPattern =
  /^(\S+) generation \d+: all components are ready, (\d+) ms after it began, (\d+) ms after the root server/m;

/** Milliseconds. The milestones of components are medians of the ten, each counted from the one before. */
export type Round = {
  /** From the root server's start to all ready. */
  allReadyMs: number;
  /** Of these, until the generation began: the host looked at, the device's directories shown. */
  preludeMs: number;
  /** From there to the moment when the first of the ten is executed, and the last. */
  firstExecutedMs: number;
  lastExecutedMs: number;
  nodeMs: number;
  bundleMs: number;
  greetingMs: number;
  /** Processor time of one component until it started, of the root server with its helpers, and of all together. */
  componentCpuMs: number;
  rootCpuMs: number;
  cpuMs: number;
};

type Told = { milestones: { executedMs: number; nodeMs: number; bundledMs: number; startedMs: number }; cpuMs: number };

export async function bootOnce(device: SpecDevice): Promise<Round> {
  const before = await groupsCpu(device.instance);
  const world = device.start({ program: rootServerOf(device) });
  try {
    await world.line(/generation \d+ .*(starts|is on trial)/, 0, 60_000);
    const consoles = idleNames.map((name) => world.console(name));
    const line = await world.line(readyPattern, 0, 60_000);
    const rootCpuMs = await rootServerCpu(world.pid);
    const told = await until(() => {
      const all = consoles.flatMap(({ lines }) => lines.find((text) => text.startsWith('{"milestones"')) ?? []);
      return all.length === idleNames.length && all.map((text): Told => JSON.parse(text));
    }, "what the components say of their start");
    for (const console of consoles) console.close();
    const [, at = "", generationMs = "", rootMs = ""] = readyPattern.exec(line) ?? [];
    const beganMs = Date.parse(at) - Number(generationMs);
    const executed = told.map(({ milestones }) => milestones.executedMs - beganMs);
    const step = (from: keyof Told["milestones"], to: keyof Told["milestones"]) =>
      median(told.map(({ milestones }) => milestones[to] - milestones[from]));
    return {
      allReadyMs: Number(rootMs),
      preludeMs: Number(rootMs) - Number(generationMs),
      firstExecutedMs: Math.min(...executed),
      lastExecutedMs: Math.max(...executed),
      nodeMs: step("executedMs", "nodeMs"),
      bundleMs: step("nodeMs", "bundledMs"),
      greetingMs: step("bundledMs", "startedMs"),
      componentCpuMs: median(told.map(({ cpuMs }) => cpuMs)),
      rootCpuMs,
      cpuMs: rootCpuMs + (await groupsCpu(device.instance)) - before,
    };
  } finally {
    await world.close();
  }
}

const ticksPerSecond = 100;

/** Its own and that of the programs that it has waited for (proc(5), stat: utime, stime, cutime, cstime). */
async function rootServerCpu(world: number): Promise<number> {
  for (const { pid } of await processesBelow(world)) {
    const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    if (!/^[^\0]*node\0[^\0]*root-server\.js\0/.test(command)) continue;
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (sum(fields.slice(11, 15).map(Number)) * 1000) / ticksPerSecond;
  }
  return Number.NaN;
}

/** What the control groups of all components were charged so far, by those before them too; 0 where there are none yet. */
async function groupsCpu(instance: string): Promise<number> {
  const host = await detectCgroups();
  const [directory] = groupDirectories(host, instance).filter(
    (path) => host.version === "v2" || path.includes("cpuacct"),
  );
  if (directory === undefined) return Number.NaN;
  const read = (file: string) => readFile(join(directory, file), "utf8").catch(() => "usage_usec 0");
  if (host.version === "v1") return (Number(await read("cpuacct.usage")) || 0) / 1e6;
  return Number(/usage_usec (\d+)/.exec(await read("cpu.stat"))?.[1]) / 1000;
}
