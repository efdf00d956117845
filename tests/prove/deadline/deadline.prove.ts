/**
 * That a deadline is worth its name: a periodic component misses none beside busy loops, and would without, and none beside
 * the bombs of the hostile battery. On the host (`npm run prove -- deadline`) and, with cores of its own, in the guest (`npm run prove -- guest`).
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nodeOptions } from "../../../runtime/src/runners/node.ts";
import type { Sandbox } from "../../../runtime/src/sandbox/spec.ts";
import { type Bench, openBench } from "../../../runtime/src/sandbox/testing/harness.ts";
import { type Bombardment, bombs, startBombardment } from "./bombardment.ts";

const periodMs = 50;
/** More than the share that is left beside the loops by weight, so that fair scheduling must fail. */
const workMs = 15;
const budgetMs = 40;
const warmUp = 30;
const jobs = 100;
const loops = 8;

const memory = { memoryBytes: 96 * 1024 ** 2, processes: 32 };
const fair = { class: "fair", weight: 100 } as const;
const deadline = { class: "deadline", budgetUs: budgetMs * 1000, periodUs: periodMs * 1000 } as const;

type Row = { readonly misses: number; readonly beginP50: number; readonly beginP99: number; readonly endMax: number };

let bench: Bench;
let lastCore: number;
const table: Record<string, Row> = {};

beforeAll(async () => {
  bench = await openBench();
  lastCore = Number(/(\d+)\s*$/.exec(await readFile("/sys/devices/system/cpu/online", "utf8"))?.[1]);
});
afterAll(async () => {
  await bench.close();
  const head = `${jobs} jobs of ${workMs} ms, one every ${periodMs} ms, beside ${loops} busy loops, or bombs`;
  const lines = Object.entries(table).map(([name, row]) => {
    const begin = `begins late by ${row.beginP50.toFixed(1)} ms (p50), ${row.beginP99.toFixed(1)} ms (p99)`;
    return `  ${name.padEnd(34)} ${String(row.misses).padStart(3)} missed; ${begin}; slowest done after ${row.endMax.toFixed(1)} ms`;
  });
  process.stdout.write(`${head}\n${lines.join("\n")}\n`);
});

async function measure(name: string, limits: { cpu: typeof fair | typeof deadline; cores?: number[] }): Promise<Row> {
  const program = await readFile(join(import.meta.dirname, "periodic.mjs"), "utf8");
  const sandbox = await bench.start({
    command: [
      "/node/bin/node",
      ...nodeOptions({ cpu: limits.cpu, memoryBytes: memory.memoryBytes }),
      "--input-type=module",
      "--eval",
      program,
    ],
    limits: { ...memory, ...limits },
    cgroup: `${bench.instance}/periodic`,
  });
  const lines = createInterface({ input: sandbox.control })[Symbol.asyncIterator]();
  expect((await lines.next()).value).toBe("ready");
  await sandbox.schedule();
  expect(sandbox.level).toMatchObject({ missing: [] });
  sandbox.control.write(`${JSON.stringify({ periodMs, workMs, warmUp, jobs })}\n`);
  const { begun, ended } = JSON.parse((await lines.next()).value ?? "") as Record<"begun" | "ended", (number | null)[]>;
  sandbox.kill();
  await sandbox.exited;
  const missed = ended.flatMap((ms, index) => (ms === null || ms > periodMs ? index : []));
  const sorted = begun.map((ms) => ms ?? Number.POSITIVE_INFINITY).sort((a, b) => a - b);
  const row = {
    misses: missed.length,
    beginP50: sorted[Math.floor(jobs * 0.5)] ?? Number.NaN,
    beginP99: sorted[Math.floor(jobs * 0.99)] ?? Number.NaN,
    endMax: Math.max(...ended.map((ms) => ms ?? Number.POSITIVE_INFINITY)),
  };
  table[name] = row;
  if (missed.length > 0 && missed.length < jobs / 4)
    process.stdout.write(`${name}: missed jobs ${missed.join(", ")}\n`);
  return row;
}

/**
 * Of up to three rounds. What stands still now and then is the machine itself, where it is an emulated or a virtual one on
 * a busy host; the loops never rest, and would be felt in every round.
 */
async function leastMisses(name: string, limits: Parameters<typeof measure>[1]): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 1; round <= 3 && least > 0; round++) {
    least = Math.min(least, (await measure(`${name}, round ${round}`, limits)).misses);
  }
  return least;
}

describe("[K6] beside busy loops, a periodic component", () => {
  const started: Sandbox[] = [];
  beforeAll(async () => {
    for (let index = 0; index < loops; index++) {
      const command = ["/node/bin/node", "-e", "for (;;);"];
      const cgroup = `${bench.instance}/loop-${index}`;
      started.push(await bench.start({ command, limits: { ...memory, cpu: fair }, cgroup }));
    }
  });
  afterAll(async () => {
    for (const loop of started) loop.kill();
    await Promise.all(started.map(({ exited }) => exited));
  });

  test("misses its deadlines in class fair", async () => {
    expect((await measure("class fair", { cpu: fair })).misses).toBeGreaterThan(jobs / 10);
  });

  test("misses none in class deadline", async (context) => {
    if (bench.host.deadline === "unavailable") return context.skip(bench.host.reasons.join("; "));
    expect(await leastMisses("class deadline", { cpu: deadline })).toBe(0);
  });

  test("misses none on a core of its own", async (context) => {
    if (!bench.host.exclusiveCores) return context.skip(bench.host.reasons.join("; "));
    expect(await leastMisses("class deadline, core of its own", { cpu: deadline, cores: [lastCore] })).toBe(0);
  });
});

describe("[K6] beside the bombs of the hostile battery, a periodic component", () => {
  let bombardment: Bombardment;
  beforeAll(async () => {
    bombardment = await startBombardment(bench);
  });

  test("misses none in class deadline", async (context) => {
    if (bench.host.deadline === "unavailable") return context.skip(bench.host.reasons.join("; "));
    expect(await leastMisses("class deadline, bombs", { cpu: deadline })).toBe(0);
  });

  test("misses none on a core of its own", async (context) => {
    if (!bench.host.exclusiveCores) return context.skip(bench.host.reasons.join("; "));
    const cores = [lastCore];
    expect(await leastMisses("class deadline, core of its own, bombs", { cpu: deadline, cores })).toBe(0);
  });

  test("met every one of them meanwhile", async () => {
    await bombardment.stop();
    expect([...bombardment.thrown.keys()].sort()).toEqual([...bombs].sort());
  });
});
