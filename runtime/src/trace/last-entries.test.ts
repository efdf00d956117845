import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSegments } from "@bulkhead/sdk";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { lastEntries } from "./last-entries.ts";

const ringBytes = 64 * 1024;
const climate = (fromUs: number, toUs: number) => ({ component: "climate", life: { fromUs, toUs } });

let root: string;
let ring: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "bulkhead-rings-"));
  ring = join(root, "climate");
  await mkdir(ring);
});
afterEach(() => rm(root, { recursive: true, force: true }));

function write(...entries: readonly unknown[]): void {
  const segments = openSegments(ring, ringBytes);
  for (const entry of entries) segments.append(typeof entry === "string" ? entry : JSON.stringify(entry));
  segments.close();
}

test("[K2] [K17] the last 30 entries of the life that is over, in order; of the lives around it none", () => {
  const marks = (from: number, count: number) =>
    Array.from({ length: count }, (_, at) => [from + at, "m", `${from + at}`]);
  write([1, "s", 1], ...marks(2, 50), [100, "s", 2], ...marks(101, 50), [300, "s", 3], ...marks(301, 5));
  const found = lastEntries(root, climate(90, 200), ringBytes);
  expect(found).toEqual({ entries: marks(121, 30), damaged: 0 });
  expect(lastEntries(root, climate(400, 500), ringBytes)).toBe(null);
  expect(lastEntries(root, climate(290, 302), ringBytes)?.entries).toEqual([[300, "s", 3], ...marks(301, 2)]);
});

test("[K2] no ring, no entries, or no life: nothing is said, and nothing fails", () => {
  expect(lastEntries(root, { component: "nobody", life: { fromUs: 0, toUs: 1 } }, ringBytes)).toBe(null);
  write([1, "m", "one"]);
  expect(lastEntries(root, climate(0, 9), 0)).toBe(null);
  expect(lastEntries(root, { component: "climate" }, ringBytes)).toBe(null);
});

test("[K2] garbage between entries is counted, and what is longer than an entry may be is no entry", () => {
  write([1, "m", "kept"], "no JSON", '[2,"m"]', [3, "m", "x".repeat(301)], [4, "m", "kept too"]);
  expect(lastEntries(root, climate(0, 9), ringBytes)).toEqual({
    entries: [
      [1, "m", "kept"],
      [4, "m", "kept too"],
    ],
    damaged: 3,
  });
});

test("[K2] a ring that is a link, or a hole larger than itself, gives nothing", async () => {
  const secret = join(root, "secret");
  await writeFile(secret, '1\n[1,"m","secret"]\n');
  await symlink(secret, join(ring, "0"));
  await writeFile(join(ring, "1"), '1\n[1,"m","hole"]\n');
  await truncate(join(ring, "1"), 2 ** 40);
  expect(lastEntries(root, climate(0, 9), ringBytes)).toBe(null);
});

test("[K2] whatever bytes a component leaves in its ring, what is taken of them is bounded and soon had", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 }),
      fc.boolean(),
      async (parts, isHeaded) => {
        await writeFile(join(ring, "1"), Buffer.concat([Buffer.from(isHeaded ? "7\n" : ""), ...parts]));
        const found = lastEntries(root, climate(0, Number.MAX_SAFE_INTEGER), ringBytes);
        expect(found?.entries.length ?? 0).toBeLessThanOrEqual(30);
        expect(found?.damaged ?? 0).toBeLessThanOrEqual(500);
      },
    ),
    { numRuns: 50 },
  );
  await writeFile(join(ring, "1"), `7\n${"\n".repeat(ringBytes - 2)}`);
  const before = process.threadCpuUsage();
  expect(lastEntries(root, climate(0, 1), ringBytes)).toEqual({ entries: [], damaged: 500 });
  expect(process.threadCpuUsage(before).user).toBeLessThan(1_000_000);
});
