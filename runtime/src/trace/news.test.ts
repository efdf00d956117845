import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { maxFrameBytes, maxTraceSegments, type TracePosition } from "@bulkhead/protocol";
import { encodeFrame, openSegments, schedulerInterface } from "@bulkhead/sdk";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readTraceNews } from "./news.ts";

const ringBytes = 256 * 1024;

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "bulkhead-news-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function fill(component: string, line: string, lines: number): Promise<void> {
  await mkdir(join(root, component));
  const segments = openSegments(join(root, component), ringBytes);
  for (let count = 0; count < lines; count += 1) segments.append(line);
  segments.close();
}

test("[K17] what many full rings hold is told in frames that can be sent, and each component has its turn", async () => {
  const names = Array.from({ length: 24 }, (_, index) => `one-${index}`);
  for (const name of names) await fill(name, JSON.stringify([1, "m", "x".repeat(300)]), 700);
  const rings = Object.fromEntries(names.map((name) => [name, ringBytes]));
  const first: (string | undefined)[] = [];
  const told = new Set<string>();
  for (const _ of names) {
    const news = readTraceNews(root, rings, {});
    expect(encodeFrame(news).length).toBeLessThan(maxFrameBytes / 2);
    expect(news.length).toBeLessThan(names.length);
    first.push(news[0]?.component);
    for (const { component } of news) told.add(component);
  }
  expect(new Set(first).size).toBe(names.length);
  expect(told.size).toBe(names.length);
});

test("[K17] of more rings than an answer has places each has its turn, too", async () => {
  const names = Array.from({ length: maxTraceSegments + 10 }, (_, index) => `one-${index}`);
  for (const name of names) await fill(name, '[1,"m","a mark"]', 1);
  const rings = Object.fromEntries(names.map((name) => [name, ringBytes]));
  const positions: Record<string, TracePosition> = {};
  for (const _ of [1, 2]) {
    const { result } = schedulerInterface.operations.traceNews;
    const news = result.parse(readTraceNews(root, rings, positions));
    for (const { component, next } of news) positions[component] = next;
  }
  expect(Object.keys(positions).sort()).toEqual(names.sort());
});

test("[K17] a ring of garbage is counted and passed over, and so is a component without one", async () => {
  await fill("wild", "no JSON", 10);
  await fill("tame", '[1,"m","kept"]', 1);
  await mkdir(join(root, "broken"));
  await writeFile(join(root, "broken", "0"), "garbage");
  const rings = { wild: ringBytes, tame: ringBytes, broken: ringBytes, absent: ringBytes, none: 0 };
  const news = readTraceNews(root, rings, {});
  expect(Object.fromEntries(news.map(({ component, entries, damaged }) => [component, [entries, damaged]]))).toEqual({
    wild: [[], 10],
    tame: [[[1, "m", "kept"]], 0],
  });
});
