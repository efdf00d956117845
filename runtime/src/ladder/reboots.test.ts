import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { openReboots } from "./reboots.ts";

/** The longest that what is waited for may take; how long it takes is the machine's business. */
const patience = { timeout: 20_000, interval: 20 };

let dataDir: string;
let lines: string[];
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "bulkhead-reboots-"));
  await mkdir(join(dataDir, "state"));
  lines = [];
});
afterEach(() => rm(dataDir, { recursive: true }));

const file = () => join(dataDir, "state", "reboots");
const written = async () => JSON.parse(await readFile(file(), "utf8")).count as number;

/** As the runtime does after each start. */
function open() {
  const config = { dataDir, ladder: { rebootDelaysMs: [0, 60, 240], healthyMs: 10 } };
  return openReboots({ config, log: { line: (text: string) => lines.push(text) } } as unknown as Parameters<
    typeof openReboots
  >[0]);
}

test("[K2] each reboot is on the disk before it is made, comes later than the one before, and there is an end", async () => {
  const waits = [];
  for (let start = 0; start < 4; start += 1) {
    const reboots = await open();
    waits.push(reboots.nextInMs());
    if (waits.at(-1) !== null) expect([await reboots.count(), await written()]).toEqual([true, start + 1]);
  }
  expect(waits).toEqual([0, 60, 240, null]);
});

test.each(["", "{", "null", '{"format":1,"count":-1}', '{"format":2,"count":0}', '{"format":1,"count":0,"more":1}'])(
  "[K2] a count that is %j counts as all used up: it must not become a loop",
  async (text) => {
    await writeFile(file(), text);
    expect((await open()).nextInMs()).toBeNull();
  },
);

test("[K2] a reboot that cannot be counted is none, and does not count", async () => {
  await rm(join(dataDir, "state"), { recursive: true });
  const reboots = await open();
  expect([await reboots.count(), reboots.nextInMs()]).toEqual([false, 0]);
  expect(lines).toEqual([expect.stringMatching(/^the count of reboots cannot be written: /)]);
  await expect(reboots.forgive()).resolves.toBeUndefined();
});

test("[K2] a device that was well for long enough is forgiven; one that falls ill meanwhile is not", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  try {
    const reboots = await open();
    await reboots.count();
    reboots.observe(true);
    vi.advanceTimersByTime(4);
    reboots.observe(true);
    vi.advanceTimersByTime(5);
    reboots.observe(false);
    vi.advanceTimersByTime(100);
    reboots.observe(true);
    vi.advanceTimersByTime(5);
    reboots.stop();
    vi.advanceTimersByTime(100);
    // A write that was begun would be done by then.
    for (let look = 0; look < 50; look += 1) expect([reboots.nextInMs(), await written()]).toEqual([60, 1]);
    reboots.observe(true);
    reboots.observe(true);
    vi.advanceTimersByTime(10);
  } finally {
    vi.useRealTimers();
  }
  await vi.waitFor(async () => expect(await written()).toBe(0), patience);
});
