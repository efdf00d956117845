import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { collectLines } from "./collector.ts";
import { lineRate } from "./rate-limit.ts";
import type { NewLine } from "./ring.ts";

/** The longest that what is waited for may take; how long it takes is the machine's business. */
const patience = { timeout: 20_000, interval: 20 };

let directory: string;
let lines: NewLine[];
let unreadable: string[];
let stop: (() => void) | undefined;
const fifo = (name: string) => join(directory, name);
const textsOf = (component: string) => lines.filter((l) => l.component === component).map((l) => l.text);

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-log-"));
  lines = [];
  unreadable = [];
});
afterEach(async () => {
  stop?.();
  await rm(directory, { recursive: true, force: true });
});

function collect(...sources: string[]) {
  stop = collectLines({
    directory,
    sources,
    append: (line) => void lines.push(line),
    clock: { timeMs: Date.now, monotonicMs: () => performance.now() },
    onUnreadable: (source) => void unreadable.push(source),
  });
}

// As the root server does it: open for reading too, so that the FIFO never ends while a component restarts.
async function makeFifo(name: string) {
  await execa("mkfifo", [fifo(name)]);
  return open(fifo(name), "r+");
}

test("[K4] lines of real FIFOs reach the ring under the name of their component", async () => {
  const climate = await makeFifo("climate");
  const runtime = await makeFifo("runtime");
  collect("climate", "runtime");
  await climate.write("fan on\nfan ");
  await runtime.write("generation 1 started\n");
  await climate.write("off\n");
  await vi.waitFor(() => expect(lines).toHaveLength(3), patience);
  expect(textsOf("climate")).toEqual(["fan on", "fan off"]);
  expect(lines.find((l) => l.component === "runtime")).toMatchObject({ stream: "runtime" });
  await climate.close();
  await runtime.close();
});

test("[K4] a flooder is limited and counted, and the lines of others still arrive", async () => {
  const quiet = await makeFifo("quiet");
  const flooder = await makeFifo("flooder");
  collect("quiet", "flooder");
  const beganMs = performance.now();
  const flood = execa("yes", ["flood"], { stdout: { file: fifo("flooder") }, reject: false });
  await vi.waitFor(
    () => expect(textsOf("flooder").some((text) => /^\d+ lines suppressed/.test(text))).toBe(true),
    patience,
  );
  await quiet.write("still here\n");
  await vi.waitFor(() => expect(textsOf("quiet")).toEqual(["still here"]), patience);
  // The flood goes on: who does not get a turn beside it never gets one.
  expect(flood.exitCode).toBeNull();
  const seconds = (performance.now() - beganMs) / 1000;
  const taken = lines.filter(({ component, stream }) => component === "flooder" && stream === "out").length;
  expect(taken).toBeLessThanOrEqual(lineRate.burst + lineRate.perSecond * (seconds + 1));
  flood.kill("SIGKILL");
  await flood;
  await quiet.close();
  await flooder.close();
});

test("[K4] what is no FIFO is reported once and harms no other, and is read as soon as it is one", async () => {
  const climate = await makeFifo("climate");
  await open(fifo("plain"), "w").then((handle) => handle.close());
  collect("climate", "missing", "plain");
  expect(unreadable).toEqual(["missing", "plain"]);
  await climate.write("here\n");
  await vi.waitFor(() => expect(textsOf("climate")).toEqual(["here"]), patience);
  const late = await makeFifo("missing");
  await late.write("late\n");
  await vi.waitFor(() => expect(textsOf("missing")).toEqual(["late"]), patience);
  expect(unreadable).toEqual(["missing", "plain"]);
  await climate.close();
  await late.close();
});

test("[K4] a FIFO whose last writer went is read again when the next one comes", async () => {
  await execa("mkfifo", [fifo("climate")]);
  collect("climate");
  const first = await open(fifo("climate"), "w");
  await first.write("one\nwithout end");
  await first.close();
  await vi.waitFor(() => expect(textsOf("climate")).toEqual(["one", "without end"]), patience);
  const second = await open(fifo("climate"), "r+");
  await second.write("two\n");
  await vi.waitFor(() => expect(textsOf("climate")).toEqual(["one", "without end", "two"]), patience);
  await second.close();
});
