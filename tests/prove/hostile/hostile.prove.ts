/** The battery of hostile components for longer: every message to the root server, each bomb and a storm, measured one by one. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cleanUpAll } from "../../../runtime/src/root-server/testing/bench.ts";
import { lineOfTelling, tellings, timings } from "../../hostile/attempts/control.ts";
import { bombs, throwBomb } from "../../hostile/bombs.ts";
import { type Battery, bootBattery } from "../../hostile/boot.ts";
import { during, quiet, readCalls, type Window } from "../../hostile/neighbour.ts";

const windowMs = 2_000;
const rounds = 5;
/** Of the disturbed to the undisturbed p99. */
const mostOfBomb = 2;
const mostOfStorm = 1.2;

let battery: Battery;
beforeAll(async () => {
  battery = await bootBattery();
});
afterAll(cleanUpAll);

async function compare(undisturbed: readonly Window[], disturbed: readonly Window[]) {
  const [calm, met] = [await readCalls(battery, undisturbed), await readCalls(battery, disturbed)];
  // Of fewer, the slowest hundredth is a handful.
  expect(met.calls).toBeGreaterThan(1_000);
  const ratio = met.p99Ms / calm.p99Ms;
  console.log(
    `p99 of ${calm.calls} calls ${calm.p99Ms.toFixed(2)} ms, of ${met.calls} disturbed ${met.p99Ms.toFixed(2)} ms: ${ratio.toFixed(2)} times; p50 ${calm.p50Ms.toFixed(2)} and ${met.p50Ms.toFixed(2)} ms`,
  );
  return { ratio, failed: met.failed };
}

describe("[K7] the caller's p99, while its neighbour", () => {
  test.each(bombs)("uses up $what, stays within twice the undisturbed one", async (bomb) => {
    const { undisturbed, disturbed } = await throwBomb(battery, bomb, windowMs, rounds);
    const { ratio, failed } = await compare(undisturbed, disturbed);
    expect(failed).toBe(0);
    expect(ratio).toBeLessThanOrEqual(mostOfBomb);
  });

  test("crashes as fast as it can, stays within 1.2 times, and what is said of it is bounded", async () => {
    const undisturbed: Window[] = [];
    const disturbed: Window[] = [];
    const from = battery.world.lines.length;
    for (let round = 0; round < rounds; round++) {
      undisturbed.push(await quiet(2 * windowMs));
      disturbed.push(await during(() => battery.end("crasher", `bomb storm ${2 * windowMs}`)));
    }
    const lines = battery.world.lines.slice(from);
    console.log(`${lines.length} lines of the root server`);
    // The waits between restarts grow, so a storm of seconds has few of them.
    expect(lines.length).toBeLessThan(20 * rounds);
    expect((await compare(undisturbed, disturbed)).ratio).toBeLessThanOrEqual(mostOfStorm);
  });
});

test.each(tellings)("[K2] whoever tells the root server $name is ended for it, or not heard", async (telling) => {
  const from = battery.world.lines.length;
  if (telling.said === null) await battery.ask("bomber", [lineOfTelling(telling)]);
  else await battery.end("bomber", lineOfTelling(telling));
  const said = battery.world.lines.slice(from);
  expect(said.filter((line) => telling.said?.test(line))).toHaveLength(telling.said === null ? 0 : 1);
  expect(said.filter((line) => !line.includes(" bomber "))).toEqual([]);
});

/** The moment in which it is too late to kill it is short. */
const deaths = 60;

test.each(timings)("[K2] whoever says $name and dies while the supervisor is at it, has died once", async (timing) => {
  const pidsOfOthers = () => Promise.all(["caller", "echo", "reader", "raw", "serial-server"].map(battery.pidOf));
  const before = await pidsOfOthers();
  const from = battery.world.lines.length;
  for (let death = 0; death < deaths; death++) await battery.end("bomber", ...timing.lines(death % 20));
  const said = battery.world.lines.slice(from);
  // Each of its lives has one end, told once, and one life follows.
  expect(said.filter((line) => / bomber .*; it is restarted in \d+ ms$/.test(line))).toHaveLength(deaths);
  expect(said.filter((line) => !line.includes(" bomber "))).toEqual([]);
  expect(await pidsOfOthers()).toEqual(before);
});
