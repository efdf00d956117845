import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { traceSink } from "../channel/trace-sink.ts";
import { createTraceRecorder, traceMark } from "./recorder.ts";
import { openSegments, type RingPosition, readNews, readSegments } from "./segments.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-trace-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const turn = () => new Promise((resolve) => setImmediate(resolve));
const read = () => readSegments(directory, 8192).map((line) => JSON.parse(line).slice(1));

test("[K16] a ring keeps the newest lines in their order, never outgrows its bound, and goes on after a restart", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.tuple(
          fc.integer({ min: 40, max: 300 }),
          fc.nat(30).map((n) => n === 0),
        ),
        { minLength: 60, maxLength: 120 },
      ),
      async (writes) => {
        for (const name of await readdir(directory)) await rm(join(directory, name));
        let segments = openSegments(directory, 4096);
        const written = writes.map(([length, restarts], index) => {
          if (restarts) {
            segments.close();
            segments = openSegments(directory, 4096);
          }
          const line = `${index}${"x".repeat(length)}`;
          segments.append(line);
          return line;
        });
        segments.close();
        const kept = readSegments(directory, 4096);
        expect(kept).toEqual(written.slice(written.length - kept.length));
        if (writes.length > 0) expect(kept.length).toBeGreaterThan(0);
        const sizes = await Promise.all(
          (await readdir(directory)).map(async (name) => (await stat(join(directory, name))).size),
        );
        expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(4096);
      },
    ),
    { numRuns: 40 },
  );
});

test("[K16] a line that was being written, a link, and what is no ring give nothing", async () => {
  await writeFile(join(directory, "0"), "1\nwhole\nhal");
  await symlink("/etc/passwd", join(directory, "1"));
  expect(readSegments(directory, 4096)).toEqual(["whole"]);
  await writeFile(join(directory, "0"), "x".repeat(5000));
  expect(readSegments(directory, 4096)).toEqual([]);
  expect(readSegments(join(directory, "none"), 4096)).toEqual([]);
});

test("[K16] a trace is recorded while it is on, and nothing watches calls while it is off", async () => {
  const recorder = createTraceRecorder({ ringBytes: 8192, enabled: false }, 3, directory);
  expect(traceSink).toBeUndefined();
  traceMark("unheard");
  recorder.setEnabled(true);
  traceSink?.callBegan("client", "fan", "set", 1);
  traceSink?.callEnded("client", "fan", "set", 1, "PEER_GONE");
  traceMark("a mark");
  await turn();
  recorder.setEnabled(false);
  expect(traceSink).toBeUndefined();
  expect(await readdir(directory)).toHaveLength(1);
  expect(read()).toEqual([
    ["s", 3],
    ["b", "client", "fan", "set", 1],
    ["e", "client", "fan", "set", 1, "PEER_GONE"],
    ["m", "a mark"],
  ]);
});

test("[K16] the call that a component hangs in is in its trace after it was killed", async () => {
  const program = fileURLToPath(new URL("../testing/hang-traced.ts", import.meta.url));
  const child = spawn(process.execPath, [program, directory], { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(read().at(-1)).toEqual(["b", "provider", "climate.fan", "set", 7]);
  expect(await readFile(join(directory, "1"), "utf8")).toMatch(/\n$/);
});

test("[K16] who reads what is new gets each line once, and is told exactly how many were overwritten before", async () => {
  const steps = fc.array(
    fc.oneof(
      fc.record({ write: fc.integer({ min: 1, max: 60 }), length: fc.integer({ min: 0, max: 60 }) }),
      fc.record({ read: fc.integer({ min: 1, max: 40 }) }),
      fc.constant({ restart: true }),
    ),
    { maxLength: 40, size: "max" },
  );
  await fc.assert(
    fc.asyncProperty(steps, async (history) => {
      await rm(directory, { recursive: true, force: true });
      await mkdir(directory, { recursive: true });
      let segments = openSegments(directory, 2048);
      let position: RingPosition | undefined;
      let written = 0;
      const got: number[] = [];
      let missed = 0;
      const readOnce = (lines: number) => {
        const news = readNews(directory, 2048, position, { bytes: 1024, lines });
        if (!news) return false;
        expect(news.first).toBe(Number(news.lines[0]?.split(" ")[0]));
        got.push(...news.lines.map((line) => Number(line.split(" ")[0])));
        missed += news.missed;
        position = news.next;
        return true;
      };
      for (const step of history) {
        if ("restart" in step) {
          segments.close();
          segments = openSegments(directory, 2048);
        } else if ("read" in step) readOnce(step.read);
        else for (let n = 0; n < step.write; n += 1) segments.append(`${written++} ${"x".repeat(step.length)}`);
      }
      while (readOnce(100));
      segments.close();
      expect(got).toEqual([...new Set(got)].sort((a, b) => a - b));
      expect(got.length + missed).toBe(written);
    }),
    { numRuns: 60 },
  );
});
