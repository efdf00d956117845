import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startComponent } from "@bulkhead/sdk/testing";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { clockServer } from "./main.ts";
import { maxTimers } from "./timers.ts";

/** The longest that what is waited for may take; how long it takes is the machine's business. */
const patience = { timeout: 20_000, interval: 20 };

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-clock-"));
  await powerUp("one");
});
/** The host starts: its monotonic clock begins anew. */
const powerUp = (bootId: string) => writeFile(join(directory, "boot_id"), `${bootId}\n`);
afterEach(() => rm(directory, { recursive: true, force: true }));
const start = (config = {}) =>
  startComponent(clockServer({ directory, rtc: join(directory, "rtc"), bootId: join(directory, "boot_id") }), {
    uses: {},
    config,
  });

test("[K5] the clock server goes on where it stopped, reads the RTC, and takes the time of the KMS", async () => {
  const builtAtMs = Date.UTC(2026, 0);
  const config = { trustsHost: false, builtAtMs };
  const first = await start(config);
  expect(await first.connect("time").client.now()).toMatchObject({ quality: "unset" });
  const offer = { source: "kms", timeMs: builtAtMs + 1_000_000, errorMs: 5 } as const;
  expect(await first.connect("setting").client.offer(offer)).toMatchObject({ quality: "kms", errorMs: 5 });
  await first.stop();
  const kept = JSON.parse(await readFile(join(directory, "last-seen.json"), "utf8")).timeMs;
  expect(kept).toBeGreaterThanOrEqual(offer.timeMs);
  await powerUp("two");
  const second = await start(config);
  const now = await second.connect("time").client.now();
  expect(now).toMatchObject({ quality: "floor", errorMs: null });
  expect(now.timeMs).toBeGreaterThanOrEqual(kept);
  await second.stop();
  await writeFile(join(directory, "rtc"), `${Math.ceil((builtAtMs + 9_000_000) / 1000)}\n`);
  await powerUp("three");
  const third = await start(config);
  expect(await third.connect("time").client.now()).toMatchObject({ quality: "rtc" });
  await third.stop();
});

test("[K5] [K2] a clock server that was killed goes on to the millisecond, with its quality and the KMS's bound", async () => {
  const builtAtMs = Date.UTC(2026, 0);
  const config = { trustsHost: false, builtAtMs };
  const killed = await start(config);
  const beganUs = Number(process.hrtime.bigint() / 1000n);
  const offer = { source: "kms", timeMs: builtAtMs + 5_000_000, errorMs: 50 } as const;
  await killed.connect("setting").client.offer(offer);
  // It is never told to stop: what is on the disk is what a kill leaves.
  const before = await killed.connect("time").client.now();
  const next = await start(config);
  const after = await next.connect("time").client.now();
  expect(after.quality).toBe("kms");
  expect(after.errorMs).toBeGreaterThanOrEqual(50);
  // It grows by a millisecond in 10 s, which a busy machine may take for this.
  expect(after.errorMs).toBeLessThanOrEqual(50 + (after.monotonicUs - beganUs) / 10_000_000);
  const elapsedMs = (after.monotonicUs - before.monotonicUs) / 1000;
  expect(Math.abs(after.timeMs - before.timeMs - elapsedMs)).toBeLessThanOrEqual(2);
  next.root.time({ timeMs: builtAtMs + 9_000_000, monotonicUs: after.monotonicUs, errorMs: 12 });
  expect(next.lines.join("\n")).toContain("the time servers and the KMS disagree");
  expect(await next.connect("time").client.now()).toMatchObject({ quality: "kms" });
  await next.stop();
  await killed.stop();
});

test("[K5] what a clock server kept and cannot be its own is not taken: damaged, of another release, of a host that slept", async () => {
  const builtAtMs = Date.UTC(2026, 0);
  const first = await start({ trustsHost: false, builtAtMs });
  await first.connect("setting").client.offer({ source: "kms", timeMs: builtAtMs + 5_000_000, errorMs: 50 });
  const file = join(directory, "standing.json");
  const kept = await readFile(file, "utf8");
  const again = async (config: object) => {
    const started = await start(config);
    const { quality } = await started.connect("time").client.now();
    await started.stop();
    await writeFile(file, kept);
    return quality;
  };
  expect(await again({ trustsHost: false, builtAtMs })).toBe("kms");
  expect(await again({ trustsHost: false, builtAtMs: builtAtMs + 1e10 })).toBe("floor");
  expect(await again({ trustsHost: true, builtAtMs })).toBe("host");
  await writeFile(file, kept.slice(0, -3));
  expect(await again({ trustsHost: false, builtAtMs })).toBe("floor");
  await first.stop();
});

test("[K5] the clock server takes what the board's time servers say, unless it contradicts the KMS", async () => {
  const builtAtMs = Date.UTC(2026, 0);
  const started = await start({ trustsHost: false, builtAtMs });
  const now = () => started.connect("time").client.now();
  const read = (timeMs: number) => {
    started.root.time({ timeMs, monotonicUs: Number(process.hrtime.bigint() / 1000n), errorMs: 12 });
  };
  read(builtAtMs + 1_000_000);
  expect(await now()).toMatchObject({ quality: "ntp", errorMs: 12 });
  expect((await now()).timeMs).toBeGreaterThanOrEqual(builtAtMs + 1_000_000);
  await started.connect("setting").client.offer({ source: "kms", timeMs: builtAtMs + 5_000_000, errorMs: 50 });
  read(builtAtMs + 9_000_000);
  expect(await now()).toMatchObject({ quality: "kms" });
  expect((await now()).timeMs).toBeLessThan(builtAtMs + 6_000_000);
  expect(started.lines.join("\n")).toContain("the time servers and the KMS disagree");
  await started.stop();
});

test("[K5] clients have time-outs of their own: same ids do not meet, and a full client harms no other", async () => {
  const started = await start();
  const [a, b] = [started.connect("time"), started.connect("time")];
  const heard: string[] = [];
  a.client.channel.on("timeout", ({ id }) => heard.push(`a${id}`));
  b.client.channel.on("timeout", ({ id }) => heard.push(`b${id}`));
  for (let id = 0; id < maxTimers; id += 1) await a.client.after({ id, delayMs: 60_000 });
  await expect(a.client.after({ id: maxTimers, delayMs: 1 })).rejects.toMatchObject({ code: "IPC_OVERLOADED" });
  await b.client.after({ id: 1, delayMs: 1 });
  await vi.waitFor(() => expect(heard).toEqual(["b1"]), patience);
  await a.client.cancel({ id: 0 });
  await a.client.after({ id: maxTimers, delayMs: 1 });
  await vi.waitFor(() => expect(heard).toEqual(["b1", `a${maxTimers}`]), patience);
  expect((await a.client.now()).quality).toBe("host");
  a.leave();
});

test("[K5] [K17] a clock server that goes on over an update is not before the day on which the new release was built, nor goes back", async () => {
  const builtAtMs = Date.UTC(2026, 0);
  const clock = await start({ trustsHost: false, builtAtMs });
  await clock.connect("setting").client.offer({ source: "kms", timeMs: builtAtMs + 1_000, errorMs: 5 });
  clock.root.built({ builtAtMs: builtAtMs + 500 });
  expect(await clock.connect("time").client.now()).toMatchObject({ quality: "kms" });
  clock.root.built({ builtAtMs: builtAtMs + 9_000_000 });
  const later = await clock.connect("time").client.now();
  expect(later).toMatchObject({ quality: "floor" });
  expect(later.timeMs).toBeGreaterThanOrEqual(builtAtMs + 9_000_000);
  clock.root.built({ builtAtMs });
  expect((await clock.connect("time").client.now()).timeMs).toBeGreaterThanOrEqual(later.timeMs);
  await clock.stop();
});
