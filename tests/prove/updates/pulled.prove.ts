/**
 * The plug is pulled at random instants of updates over the tunnel: root server, agent, verifier and all components of a whole device end at once, and
 * are started again from what the disk has. What was written is there: cuts of the disk itself are `power-cut.prove.ts`.
 */
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { verifyInstalled } from "../../../runtime/src/generations/install.ts";
import { type GenerationRecord, whyBad } from "../../../runtime/src/generations/record.ts";
import type { BuiltRelease } from "../../../studio/src/build/index.ts";
import { eventually } from "../../../studio/src/run/eventually.ts";
import { type Change, openWholeDevice, type WholeDevice } from "./whole/bench.ts";

/** How many times, in all. */
const kills = 100;
/** In one update: whoever pulls the plug without end updates nothing. */
const killsOfOne = 4;
/** From a start of the device to the end of an update, here and now; lives are up to this long. */
let updateMs = 0;

let device: WholeDevice;
beforeAll(async () => {
  device = await openWholeDevice("provepulled");
  const built = await device.release();
  const beganMs = performance.now();
  await device.deploy(built);
  await device.runs(built);
  updateMs = performance.now() - beganMs;
}, 300_000);
afterAll(() => device?.close(), 60_000);

/** Every fifth is bad, and every third raises the security epoch. */
const changeOf = (n: number): Change => ({
  ballastBytes: 300_000,
  securityEpoch: Math.floor(n / 3),
  ...(n % 5 === 0 && { behaviour: 'throw new Error("one of the bad ones");' }),
});

/** Where it was pulled: what the record says then. */
type Where = "while it was fetched" | "on trial" | "afterwards";

async function expectSound(before: GenerationRecord, next: BuiltRelease): Promise<Where> {
  const now = await device.record();
  const known = [before.current.digest, next.releaseDigest];
  expect(known).toContain(now.current.digest);
  if (now.trying) expect(now.trying.digest).toBe(next.releaseDigest);
  for (const floor of ["releaseCounterFloor", "securityEpochFloor", "lastGeneration"] as const) {
    expect(now[floor]).toBeGreaterThanOrEqual(before[floor]);
  }
  for (const digest of [now.current.digest, now.trying?.digest]) {
    if (digest === undefined) continue;
    const { securityEpoch } = await verifyInstalled(device.running.device.dataDir, digest);
    expect(securityEpoch).toBeGreaterThanOrEqual(now.securityEpochFloor);
  }
  if (now.trying) return "on trial";
  return isOver(now, next) ? "afterwards" : "while it was fetched";
}

const isOver = (now: GenerationRecord, { releaseDigest }: BuiltRelease) =>
  now.trying === null && (now.current.digest === releaseDigest || whyBad(now, releaseDigest) !== undefined);

test("[M11] [K2] pulled a hundred times in the middle of updates, it starts the old or the new, no floor falls, and every update comes to its end", async () => {
  const counts: Record<string, number> = {};
  const count = (what: string) => {
    counts[what] = (counts[what] ?? 0) + 1;
  };
  let killed = 0;
  for (let n = 1; killed < kills; n += 1) {
    const next = await device.release(changeOf(n));
    const before = await device.record();
    let id = await device.deploy(next, 1_200_000);
    for (let lives = 0; lives < killsOfOne && killed < kills && !isOver(await device.record(), next); lives += 1) {
      // Fetching and judging are short beside the trial: more often in the beginning.
      await delay(Math.random() ** 2 * updateMs);
      await device.running.device.kill();
      killed += 1;
      count(`pulled ${await expectSound(before, next)}`);
      await device.running.device.start();
      if (killed % 10 === 0) tell(killed, counts);
    }
    // Left alone now, it ends what was begun.
    for (let commands = 1; !isOver(await device.record(), next); commands += 1) {
      const { state, code, message } = await device.ended(id);
      // `done` says that it is endorsed: it is still to be installed and tried.
      const over = async () => isOver(await device.record(), next) || undefined;
      if (await eventually("the update to be over", 60_000, over).catch(() => false)) break;
      count(`deployed anew after "${state} ${code}: ${message}"`);
      expect(commands).toBeLessThan(3);
      id = await device.deploy(next, 1_200_000);
    }
    await expectSound(before, next);
    await device.answers(120_000);
    const { current } = await device.record();
    await device.runs({ releaseDigest: current.digest });
    count(current.digest === next.releaseDigest ? "committed" : "rolled back");
  }
  tell(killed, counts);
});

function tell(killed: number, counts: Readonly<Record<string, number>>): void {
  const text = Object.entries(counts).map(([what, times]) => `${times} ${what}`);
  process.stdout.write(
    `${killed} times, an update takes ${Math.round(updateMs)} ms left alone: ${text.sort().join(", ")}\n`,
  );
}
