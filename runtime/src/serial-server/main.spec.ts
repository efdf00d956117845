import { mkdir, mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startComponent } from "@bulkhead/sdk/testing";
import { execa } from "execa";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { announceMs } from "./announcer.ts";
import { serialServer } from "./main.ts";
import { facts } from "./testing/facts.ts";

const patience = { timeout: 20_000, interval: 20 };

const placesIn = (directory: string) => ({
  log: directory,
  crashes: join(directory, "crashes"),
  kept: join(directory, "console"),
  trace: join(directory, "trace"),
});

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-serial-"));
  await execa("mkfifo", [join(directory, "climate"), join(directory, "runtime")]);
});
afterEach(() => rm(directory, { recursive: true, force: true }));

test("[K4] readers of the console hear of new lines at most ten times a second and miss none", async () => {
  const started = await startComponent(serialServer(placesIn(directory)), {
    uses: {},
    config: { components: ["climate"] },
  });
  const { client } = started.connect("console");
  const texts: string[] = [];
  let heard = 0;
  let after = -1;
  let dropped = 0;
  let reading = Promise.resolve();
  async function readOn(): Promise<void> {
    const answer = await client.read({ after, limit: 500 });
    after = answer.lines.at(-1)?.sequence ?? after;
    dropped += answer.dropped;
    texts.push(...answer.lines.map(({ text }) => text));
  }
  // A reader that asks for what is new when it hears of it, and at no other time.
  client.channel.on("written", () => {
    heard += 1;
    reading = reading.then(readOn);
  });
  const climate = await open(join(directory, "climate"), "r+");
  const beginMs = performance.now();
  for (let i = 0; i < 300; i += 1) await climate.write(`line ${i}\n`);
  await climate.write("the end\n");
  await vi.waitFor(() => expect(texts).toContain("the end"), patience);
  // Told at its own pace: what is between two of them on their way here is the machine's. A timer counts whole milliseconds
  // of a clock that may be coarse.
  expect(heard).toBeLessThanOrEqual(1 + (performance.now() - beginMs) / (announceMs - 2));
  expect(dropped).toBe(0);
  expect(texts).toEqual([...Array.from({ length: 300 }, (_, i) => `line ${i}`), "the end"]);
  await started.stop();
  await climate.close();
});

test("[K4] after a restart of the server numbers go on upwards, so that a reader goes on too", async () => {
  const climate = await open(join(directory, "climate"), "r+");
  const lineOf = async (text: string, after: number) => {
    const started = await startComponent(serialServer(placesIn(directory)), {
      uses: {},
      config: { components: ["climate"] },
    });
    await climate.write(`${text}\n`);
    const { client } = started.connect("console");
    const answer = await vi.waitFor(async () => {
      const { lines, dropped } = await client.read({ after, limit: 10 });
      expect(lines).toHaveLength(1);
      return { sequence: lines[0]?.sequence ?? -1, text: lines[0]?.text, dropped };
    }, patience);
    await started.stop();
    return answer;
  };
  const first = await lineOf("before", -1);
  const second = await lineOf("after", first.sequence);
  expect(second).toMatchObject({ text: "after", dropped: 0 });
  expect(second.sequence).toBeGreaterThan(first.sequence);
  await climate.close();
});

test("[K2] a crash is kept with what the component wrote last, and is there after a restart of the server", async () => {
  const climate = await open(join(directory, "climate"), "r+");
  const config = { components: ["climate"], rings: { climate: 8192 } };
  const start = () => startComponent(serialServer(placesIn(directory)), { uses: {}, config });
  await mkdir(join(directory, "trace", "climate"), { recursive: true });
  await writeFile(
    join(directory, "trace", "climate", "1"),
    '1\n[5,"s",1]\n[6,"m","opens"]\nno entry\n[70,"m","later"]\n',
  );
  const first = await start();
  await climate.write("opening the window\nthe window is stuck\n");
  first.root.crash(facts({ atMs: 1_700_000_000_000, component: "climate", life: { fromUs: 4, toUs: 60 } }));
  const { client } = first.connect("console");
  const kept = await vi.waitFor(async () => {
    const crashes = await client.crashes({ limit: 10 });
    expect(crashes).toHaveLength(1);
    return crashes[0];
  }, patience);
  expect(kept).toMatchObject({ component: "climate", stack: "at work", skipped: 0 });
  expect(kept?.lines.map(({ text }) => text)).toEqual(["opening the window", "the window is stuck"]);
  const entries = [
    [5, "s", 1],
    [6, "m", "opens"],
  ];
  expect(kept?.trace).toEqual({ entries, damaged: 1 });
  await first.stop();
  const second = await start();
  expect(await second.connect("console").client.crashes({ limit: 10 })).toEqual([kept]);
  await second.stop();
  await climate.close();
});

test("[K4] what was written before the server restarted can still be read, under the same numbers", async () => {
  await mkdir(join(directory, "console"));
  const start = () =>
    startComponent(serialServer(placesIn(directory)), {
      uses: {},
      config: { components: ["climate"] },
    });
  const climate = await open(join(directory, "climate"), "r+");
  const linesOf = (started: Awaited<ReturnType<typeof start>>, count: number) =>
    vi.waitFor(async () => {
      const { lines } = await started.connect("console").client.read({ after: -1, limit: 500 });
      expect(lines).toHaveLength(count);
      return lines;
    }, patience);
  const first = await start();
  for (const text of ["one", "two"]) await climate.write(`${text}\n`);
  const before = await linesOf(first, 2);
  await first.stop();
  const second = await start();
  expect(await linesOf(second, 2)).toEqual(before);
  await climate.write("three\n");
  const after = await linesOf(second, 3);
  expect(after.map(({ text }) => text)).toEqual(["one", "two", "three"]);
  expect(after[2]?.sequence).toBe((before[1]?.sequence ?? 0) + 1);
  await second.stop();
  await climate.close();
});
