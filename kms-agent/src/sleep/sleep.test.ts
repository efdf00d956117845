import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { openAnchor } from "./anchor.ts";
import { windowAt } from "./schedule.ts";
import { stayAwake } from "./stay-awake.ts";

const times = fc.record({
  everyMs: fc.integer({ min: 1, max: 1e9 }),
  awakeMs: fc.integer({ min: 1, max: 1e9 }),
  sinceMs: fc.nat(2 ** 40),
});

test("[K23] a device is awake for the time it declares at the beginning of each period, whatever the times", () => {
  fc.assert(
    fc.property(times, ({ everyMs, awakeMs, sinceMs }) => {
      const now = windowAt({ everyMs, awakeMs }, sinceMs);
      expect(now.isAwake).toBe(sinceMs % everyMs < awakeMs);
      expect(now.leftMs).toBeGreaterThan(0);
      expect((sinceMs + now.nextMs) % everyMs).toBe(0);
      const then = windowAt({ everyMs, awakeMs }, sinceMs + now.leftMs);
      if (awakeMs < everyMs) expect(then.isAwake).toBe(!now.isAwake);
    }),
  );
});

test("[K23] an agent is connected in the windows and at no other time", async () => {
  const stop = new AbortController();
  // What the clock says at each look; between two looks the agent waits as long as the schedule says, or longer.
  const looks = [3, 20, 49, 50, 120, 199, 200, 249, 251, 399, 400, 430, 449, 450];
  let now = -1;
  const clock = async () => {
    now = looks.shift() ?? Number.NaN;
    return now;
  };
  const windows: [from: number, to: number][] = [];
  const connected = async (untilAsleep: AbortSignal) => {
    const from = now;
    await new Promise((resolve) => untilAsleep.addEventListener("abort", resolve));
    windows.push([from, now]);
    if (windows.length === 3) stop.abort();
  };
  await stayAwake({ everyMs: 200, awakeMs: 50 }, clock, connected, stop.signal);
  // The look that found the window, and one more for its end, were before it connected.
  expect(windows).toEqual([
    [20, 50],
    [249, 251],
    [430, 450],
  ]);
});

test("[K23] an agent that is restarted finds the rhythm again; a new generation and a start of the host begin it anew", async () => {
  const directory = await mkdtemp(join(tmpdir(), "bulkhead-anchor-"));
  const [uptimeFile, bootIdFile] = [join(directory, "uptime"), join(directory, "boot_id")];
  const at = (seconds: number) => writeFile(uptimeFile, `${seconds}.00 1.00\n`);
  const open = (isNew: boolean) => openAnchor({ path: join(directory, "awake.json"), isNew, uptimeFile, bootIdFile });
  try {
    await writeFile(bootIdFile, "first\n");
    await at(100);
    await open(true);
    await at(130);
    expect(await (await open(false))()).toBe(30_000);
    expect(await (await open(true))()).toBe(0);
    await writeFile(bootIdFile, "second\n");
    await at(200);
    expect(await (await open(false))()).toBe(0);
  } finally {
    await rm(directory, { recursive: true });
  }
});
