import fc from "fast-check";
import { expect, test } from "vitest";
import type { TelemetryAnswer, TelemetryMessage } from "../api/types.ts";
import { addTelemetry, readGreenhouse } from "./telemetry.ts";

const message = (atMs: number, fields: unknown, topic = "greenhouse/climate", deviceId = "d-1"): TelemetryMessage => ({
  deviceId,
  topic,
  atMs,
  payload: typeof fields === "string" ? fields : JSON.stringify(fields),
});
const answerOf = (...messages: TelemetryMessage[]) => messages.reduce(addTelemetry, { topics: [] } as TelemetryAnswer);

test("temperature and fan are read from the greenhouse topics of this device, oldest first", () => {
  const answer = answerOf(
    message(2, { temperatureMilliC: 25_500, fan: 1 }),
    message(1, { temperatureMilliC: 24_000 }),
    message(3, { temperatureMilliC: 99_000 }, "greenhouse/climate", "d-2"),
    message(4, { temperatureMilliC: 88_000 }, "elsewhere/climate"),
  );
  expect(readGreenhouse(answer, "d-1")).toEqual({ temperatures: [24, 25.5], fanOn: true, atMs: 2 });
});

test("a message may carry its fields in an envelope, and the fan as a word or a truth value", () => {
  expect(readGreenhouse(answerOf(message(1, { topic: "x", fields: { temperatureC: 21, fan: false } })), "d-1")).toEqual(
    {
      temperatures: [21],
      fanOn: false,
      atMs: 1,
    },
  );
});

test("no temperature, no greenhouse; garbage is passed over", () => {
  expect(readGreenhouse(answerOf(message(1, { fan: 1 })), "d-1")).toBeUndefined();
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (payload) => {
      const answer = answerOf(message(1, payload), message(2, { temperatureC: 20 }));
      expect(readGreenhouse(answer, "d-1")?.temperatures.at(-1)).toBe(20);
    }),
  );
});

test("a topic keeps its newest messages only", () => {
  const answer = answerOf(...Array.from({ length: 310 }, (_, i) => message(i, { temperatureC: i })));
  const messages = answer.topics[0]?.messages ?? [];
  expect([messages.length, messages[0]?.atMs, messages.at(-1)?.atMs]).toEqual([300, 10, 309]);
});
