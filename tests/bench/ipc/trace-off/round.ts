/** One process of the comparison: opens a pair of each build and lets them take turns. Arguments: the builds, and the number of the process. */
import { pathToFileURL } from "node:url";
import type { Found } from "./measure.ts";
import type { TracePair } from "./pair.ts";
import { median } from "./statistics.ts";
import type { Codes } from "./variants.ts";

const warmUpCalls = 15_000;
const callsPerTurn = 250;
const turns = 180;

type Name = keyof Codes;
/** Each stands at each place equally often. */
const orders: readonly (readonly Name[])[] = [
  ["points", "none", "again"],
  ["again", "none", "points"],
  ["none", "points", "again"],
  ["again", "points", "none"],
  ["points", "again", "none"],
  ["none", "again", "points"],
];

const [, , codes = "{}", number = "0"] = process.argv;
const files = JSON.parse(codes) as Codes;
const pairs = new Map<Name, TracePair>();
for (const name of orders[Number(number) % orders.length] ?? []) pairs.set(name, await open(files[name]));

const times: Record<Name, number[]> = { points: [], again: [], none: [] };
for (let calls = 0; calls < warmUpCalls; calls += callsPerTurn) for (const name of pairs.keys()) await time(name);
for (let turn = 0; turn < turns; turn++) {
  for (const name of orders[turn % orders.length] ?? []) times[name].push(await time(name));
}
const percentOver = (base: Name) =>
  median(times.points.map((us, turn) => (us / (times[base][turn] ?? Number.NaN) - 1) * 100));
const found: Found = {
  callUs: median(times.points) / callsPerTurn,
  cost: percentOver("none"),
  same: percentOver("again"),
};
process.stdout.write(JSON.stringify(found));
for (const pair of pairs.values()) await pair.close();

async function open(file: string): Promise<TracePair> {
  const { openPair } = (await import(pathToFileURL(file).href)) as { openPair(): Promise<TracePair> };
  return openPair();
}

/**
 * Microseconds of processor time of a turn, one call after the other. Both ends are in this process, so that is all of a call
 * but the waiting; and what else the machine does, up to a fifth of the time by the clock, is not in it.
 */
async function time(name: Name): Promise<number> {
  const pair = pairs.get(name);
  const began = process.cpuUsage();
  for (let i = 0; i < callsPerTurn; i++) await pair?.call(i);
  const { user, system } = process.cpuUsage(began);
  return user + system;
}
