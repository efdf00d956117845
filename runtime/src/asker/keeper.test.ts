import fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createTimeKeeper, restMs, retryMs, waitMs } from "./keeper.ts";
import type { TimeAnswer } from "./messages.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const reading = { timeMs: 1, monotonicUs: 2, errorMs: 3 };
const good: TimeAnswer = { time: reading, failure: null, kisses: [] };
const bad: TimeAnswer = { time: null, failure: "nobody is there", kisses: [] };
const minuteMs = 60_000;

function open(servers: string[], answer: () => TimeAnswer) {
  const asked: string[][] = [];
  const [told, lines]: [object[], string[]] = [[], []];
  const keeper = createTimeKeeper({
    servers,
    async ask({ timeServers }) {
      asked.push(timeServers);
      return answer();
    },
    tell: (one) => void told.push(one),
    log: (line) => void lines.push(line),
  });
  return { keeper, asked, told, lines };
}

test("[K5] servers that answer are asked every 17 to 34 minutes, those that do not ever more seldom, never within 15 s", () => {
  fc.assert(
    fc.property(fc.nat(1000), fc.double({ min: 0, max: 1, noNaN: true }), (failures, jitter) => {
      const wait = waitMs(failures, jitter);
      if (failures === 0) expect(wait >= 17 * minuteMs && wait <= 34 * minuteMs).toBe(true);
      else expect(wait).toBeGreaterThan(15_000);
      expect(wait).toBeLessThanOrEqual(retryMs.last);
    }),
  );
  expect(waitMs(9, 0)).toBe(retryMs.last);
});

test("[K5] nobody is asked where no server is declared, and nobody before the clock server is there", async () => {
  const none = open([], () => good);
  none.keeper.begin();
  const { asked } = open(["192.0.2.1"], () => good);
  await vi.advanceTimersByTimeAsync(100 * minuteMs);
  expect([...none.asked, ...asked]).toEqual([]);
});

test("[K5] a clock server that comes again is told at once what was answered last, and costs no question", async () => {
  const { keeper, asked, told, lines } = open(["192.0.2.1"], () => good);
  keeper.begin();
  await vi.advanceTimersByTimeAsync(minuteMs);
  keeper.begin();
  expect([asked.length, told]).toEqual([1, [reading, reading]]);
  await vi.advanceTimersByTimeAsync(34 * minuteMs);
  expect(asked.length).toBeGreaterThanOrEqual(2);
  expect(lines).toEqual(["the time servers answer"]);
  keeper.stop();
  const before = asked.length;
  await vi.advanceTimersByTimeAsync(100 * minuteMs);
  expect(asked.length).toBe(before);
});

test("[K5] an answer that comes after the end is told to nobody, and leads to no further question", async () => {
  let answer: (time: TimeAnswer) => void = () => undefined;
  let asked = 0;
  const told: object[] = [];
  const keeper = createTimeKeeper({
    servers: ["192.0.2.1"],
    ask: () => {
      asked += 1;
      return new Promise((resolve) => (answer = resolve));
    },
    tell: (reading) => told.push(reading),
    log: () => undefined,
  });
  keeper.begin();
  keeper.stop();
  answer(good);
  await vi.advanceTimersByTimeAsync(100 * minuteMs);
  expect([asked, told]).toEqual([1, []]);
});

test("[K5] what fails is said once, and a server that does not want to be asked is left alone", async () => {
  const failing = open(["192.0.2.1"], () => bad);
  failing.keeper.begin();
  await vi.advanceTimersByTimeAsync(10 * minuteMs);
  expect(failing.asked.length).toBeLessThan(7);
  expect(failing.lines).toEqual(["no time of the time servers: nobody is there"]);
  failing.keeper.stop();

  const kisses = [
    { server: "192.0.2.1", isFinal: true },
    { server: "192.0.2.2", isFinal: false },
  ];
  const { keeper, asked } = open(["192.0.2.1", "192.0.2.2"], () => ({ ...bad, kisses }));
  keeper.begin();
  await vi.advanceTimersByTimeAsync(restMs - minuteMs);
  expect(asked).toEqual([["192.0.2.1", "192.0.2.2"]]);
  await vi.advanceTimersByTimeAsync(restMs);
  expect(asked[1]).toEqual(["192.0.2.2"]);
  keeper.stop();
});
