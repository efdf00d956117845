/**
 * The console of a whole device on its serial port: components → log → serial server → channel → serial driver → tty, with
 * a person at the other end, while driver and serial server are killed; and a crash record, over a power cut.
 */
import { kill } from "node:process";
import { afterAll, beforeAll, expect, test } from "vitest";
import { cleanUpAll, until } from "../../../runtime/src/root-server/testing/bench.ts";
import { leftOutIn, numbersOf, openSerialBench, readLine, type WireLine, wholeLines } from "./bench.ts";

const talkers = ["left", "right"] as const;

let bench: Awaited<ReturnType<typeof openSerialBench>>;

beforeAll(async () => {
  bench = await openSerialBench();
});
afterAll(cleanUpAll);

const wire = (from = 0): WireLine[] =>
  wholeLines(bench.console)
    .slice(from)
    .flatMap((text) => readLine(text) ?? []);
const saidMoreThan = (count: number, from: number) =>
  until(() => talkers.every((talker) => numbersOf(talker, wire(from)).length > count), `${count} lines of each`);
const rises = (numbers: readonly number[]) => numbers.every((number, index) => number === (numbers[0] ?? 0) + index);

test("[K4] the lines of all components and of the runtime go out by the port whole, each component's in order, none left out", async () => {
  await saidMoreThan(60, 0);
  const texts = wholeLines(bench.console);
  expect(texts.filter((text) => !readLine(text))).toEqual([]);
  for (const talker of talkers) {
    const numbers = numbersOf(talker, wire());
    expect([talker, numbers[0], rises(numbers)]).toEqual([talker, 1, true]);
  }
  const speakers = new Set(wire().map(({ component }) => component));
  expect([...speakers]).toEqual(expect.arrayContaining(["runtime", "fragile", ...talkers]));
  // Mixed line by line, not one after the other.
  const order = wire().filter(({ component }) => talkers.some((talker) => talker === component));
  const changes = order.filter(({ component }, index) => component !== order[index + 1]?.component).length;
  expect(changes).toBeGreaterThan(order.length / 4);
});

test.each(["once", "again"])(
  "[K4] [K2] the driver is killed %s: the wire misses at most what was on its way and says how much, the console has all of it",
  async () => {
    const before = await bench.report("a report", () => true);
    const from = wholeLines(bench.console).length;
    const pid = await bench.pidOf("ports");
    kill(pid, "SIGKILL");
    await until(async () => (await bench.pidOf("ports")) !== pid, "another driver");
    await saidMoreThan(60, wholeLines(bench.console).length);
    const texts = wholeLines(bench.console).slice(from - 1);
    const lines = texts.flatMap((text) => readLine(text) ?? []);
    const lost = talkers.reduce((sum, talker) => {
      const numbers = numbersOf(talker, lines);
      return sum + (numbers.at(-1) ?? 0) - (numbers[0] ?? 0) + 1 - numbers.length;
    }, 0);
    const told = leftOutIn(texts);
    process.stdout.write(`driver killed: ${lost} lines missing on the wire, ${told} told there\n`);
    expect(lost).toBeLessThanOrEqual(told);
    // 1 KiB, and the rest of a line that it cuts: of the shortest.
    expect(told).toBeLessThanOrEqual(20);
    // What stands before the note is half a line, or none; nothing else is no line.
    expect(texts.filter((text) => text !== "" && !readLine(text) && leftOutIn([text]) === 0).length).toBeLessThan(2);
    const after = await bench.report("the ring to go on", ({ lines: now }) => now.length > before.lines.length + 40);
    for (const talker of talkers) expect([talker, rises(numbersOf(talker, after.lines))]).toEqual([talker, true]);
  },
);

test("[K4] [K2] the serial server is killed: the ring is as it was, under the same numbers, and the wire goes on", async () => {
  const before = await bench.report("a report", () => true);
  const pid = await bench.pidOf("serial-server");
  kill(pid, "SIGKILL");
  await until(async () => (await bench.pidOf("serial-server")) !== pid, "another serial server");
  const killed = wholeLines(bench.console).length;
  await saidMoreThan(60, killed);
  const last = before.lines.at(-1)?.sequence ?? 0;
  const after = await bench.report("the ring to go on", ({ lines }) => (lines.at(-1)?.sequence ?? 0) > last + 40);
  expect(after.lines.slice(0, before.lines.length)).toEqual(before.lines);
  const missing = talkers.map((talker) => {
    const numbers = numbersOf(talker, after.lines);
    return (numbers.at(-1) ?? 0) - (numbers[0] ?? 0) + 1 - numbers.length;
  });
  // What it had read of a pipe and not yet kept: a round of 10 ms.
  expect(Math.max(...missing)).toBeLessThanOrEqual(1);
  process.stdout.write(`serial server killed: ${missing.join(" and ")} lines missing in the ring\n`);
});

test("[K4] [K11] what a person types gets to the component that has the port, byte for byte, and to nobody else", async () => {
  await until(() => wholeLines(bench.desk).includes("at the desk"), "the desk to be open");
  const odd = "open the \x03 window\x7f, \x1b[A";
  bench.desk.send(`${odd}\r`);
  await until(() => wholeLines(bench.desk).includes(`heard ${JSON.stringify(odd)}`), "an answer at the desk");
  // At the port of the console lines are no commands: nothing comes back, and nobody has read it.
  bench.console.send("reboot\rheard?\r\x03\x04");
  const from = wholeLines(bench.console).length;
  await saidMoreThan(40, from);
  const { lines, status } = await bench.report("the line on the console", (now) =>
    now.lines.some(({ text }) => text.includes('"line":"open the')),
  );
  expect(lines.filter(({ text }) => /reboot|heard\?/.test(text))).toEqual([]);
  expect(wholeLines(bench.console).filter((text) => /reboot|heard\?/.test(text))).toEqual([]);
  expect(wholeLines(bench.desk).filter((text) => / left | right /.test(text))).toEqual([]);
  const restarted = status.components.filter(({ restarts }) => restarts > 0).map(({ name }) => name);
  expect(restarted.toSorted()).toEqual(["ports", "serial-server"]);
  expect(status.verification?.differences).toEqual([]);
});

test("[K2] [K17] what broke is recorded with stack, limits, last words and last trace entries, and the record outlives the power", async () => {
  const found = await bench.report("its record", ({ crashes }) => crashes.some((one) => one.component === "fragile"));
  const record = found.crashes.find(({ component }) => component === "fragile");
  expect(record).toMatchObject({
    ...{ incarnation: 1, generation: 1, exit: { code: 1, signal: null, outOfMemory: false } },
    stack: expect.stringMatching(/it broke on purpose\n +at .*main\.js/),
    limits: { memoryBytes: 32 * 1024 ** 2, processes: 32, cpu: { class: "fair", weight: 100 } },
    use: { limited: true, processesPeak: expect.any(Number), cpuUs: expect.any(Number) },
    memoryPeakBytes: expect.any(Number),
  });
  expect(record?.lines.map(({ text }) => text).join("\n")).toContain("warn about to break");
  const marks = record?.trace?.entries.flatMap((entry) => (entry[1] === "m" ? [entry[2]] : [])) ?? [];
  expect(marks[0]).toBe("the window is stuck");
  expect(marks.at(-1)).toContain("it broke on purpose");
  expect(record?.trace?.entries.map((entry) => entry[4])).toContain("status");

  await bench.powerCycle();
  const again = await bench.report("the records after the power was back", ({ crashes, status }) => {
    return crashes.some(({ atMs }) => atMs === record?.atMs) && status.generation === 1;
  });
  expect(again.crashes.find(({ atMs }) => atMs === record?.atMs)).toEqual(record);
});
