import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, expect, test } from "vitest";
import { catchUp, openTunnelTime, readTunnelTime, timeToSet } from "./tunnel-time.ts";

const day = 24 * 3600 * 1000;
const now = Date.UTC(2026, 0, 1);
let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-tunnel-time-"));
});
afterEach(() => rm(directory, { recursive: true }));

test.each([1, 365])("[K13] a clock that went back by %i days is set to the tunnel's own time", async (days) => {
  await openTunnelTime(directory).note(now);
  const set: number[] = [];
  const words = await catchUp(directory, now - days * day, 0, async (timeMs) => set.push(timeMs));
  expect(set).toHaveLength(1);
  expect(set[0]).toBeGreaterThanOrEqual(now);
  expect(words).toContain("was set to it");
});

test("[K13] a clock that cannot be set is told about, with the way out", async () => {
  await openTunnelTime(directory).note(now);
  const refused = () => Promise.reject(new Error("not permitted"));
  expect(await catchUp(directory, now - day, 0, refused)).toContain("reset-tunnel");
});

test("[K13] a clock that is right, or so far behind that the tunnel's time must be wrong, is left alone", () => {
  expect(timeToSet(undefined, now, 0)).toBeUndefined();
  expect(timeToSet(now, now + 1, 0)).toBeUndefined();
  expect(timeToSet(now + 100 * 365 * day, now, 0)).toBeUndefined();
  // Without a battery a clock begins in 1970: then the release says how late it is at least.
  expect(timeToSet(now, 0, now - day)).toBe(now);
});

test("[K13] it is later than every handshake, and seldom written", async () => {
  const time = openTunnelTime(directory);
  await time.note(now);
  const first = await readTunnelTime(directory);
  expect(first).toBeGreaterThan(now);
  await time.note(now + 60_000);
  expect(await readTunnelTime(directory)).toBe(first);
  await time.note(now + day);
  expect(await readTunnelTime(directory)).toBeGreaterThan(now + day);
  await openTunnelTime(directory).note(now);
  expect(await readTunnelTime(directory)).toBeGreaterThan(now + day);
});

test("[K13] whatever lies there: it is a time or it is nothing", async () => {
  const file = join(directory, "time");
  for (const content of ["", "soon\n", "12", "-1\n", "9".repeat(99), '{"timeMs":1}\n']) {
    await writeFile(file, content);
    expect(await readTunnelTime(directory)).toBeUndefined();
  }
  await rm(file);
  await symlink("/proc/self/environ", file);
  expect(await readTunnelTime(directory)).toBeUndefined();
  await rm(file);
  await writeFile(join(directory, "anothers"), "1\n");
  await symlink(join(directory, "anothers"), file);
  expect(await readTunnelTime(directory)).toBeUndefined();
  await rm(file);
  await execa("mkfifo", [file]);
  expect(await readTunnelTime(directory)).toBeUndefined();
});
