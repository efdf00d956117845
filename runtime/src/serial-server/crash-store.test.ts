import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openCrashStore } from "./crash-store.ts";
import { facts } from "./testing/facts.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-crashes-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

test("[K2] records are bounded in number, and the newest come first", async () => {
  const store = openCrashStore(directory, 3, () => 0);
  for (let atMs = 1; atMs <= 5; atMs++) await store.keep(facts({ atMs }), []);
  expect((await store.newest(10)).map(({ atMs }) => atMs)).toEqual([5, 4, 3]);
  expect(await readdir(directory)).toHaveLength(3);
});

test("[K2] a storm of crashes does not become one of writes, and what was skipped is counted", async () => {
  let nowMs = 0;
  const store = openCrashStore(directory, 100, () => nowMs);
  for (let atMs = 1; atMs <= 500; atMs++) await store.keep(facts({ atMs }), []);
  expect(await readdir(directory)).toHaveLength(20);
  nowMs = 10_000;
  await store.keep(facts({ atMs: 501 }), []);
  expect((await store.newest(1))[0]).toMatchObject({ atMs: 501, skipped: 480 });
});

test("[K2] a record that is damaged, and a file that is none, are passed over", async () => {
  const store = openCrashStore(directory, 10, () => 0);
  await store.keep(facts({ atMs: 1 }), []);
  await store.keep(facts({ atMs: 2 }), []);
  const [, newest = ""] = (await readdir(directory)).sort();
  await writeFile(join(directory, newest), "{");
  const whole = JSON.stringify({ ...facts({ atMs: 9 }), lines: [], trace: null, skipped: 0 });
  await writeFile(join(directory, "0000000000000008-x-1.json"), "{}");
  await writeFile(join(directory, "0000000000000009-x-1.json.new"), whole);
  await writeFile(join(directory, "..json"), whole);
  expect((await store.newest(10)).map(({ atMs }) => atMs)).toEqual([1]);
});

test("[K2] long lines and many of them are cut", async () => {
  const store = openCrashStore(directory, 10, () => 0);
  const line = { sequence: 1, atMs: 1, component: "climate", stream: "out", text: "x".repeat(4096) } as const;
  await store.keep(
    facts(),
    Array.from({ length: 100 }, () => line),
  );
  const [record] = await store.newest(1);
  expect([record?.lines.length, record?.lines[0]?.text.length]).toEqual([30, 500]);
});
