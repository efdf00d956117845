import { expect, test } from "vitest";
import { toTraceEvents } from "./trace-events.ts";

test("[K16] a trace becomes events of the Trace Event Format: a process per component, a slice per call, an instant per mark", () => {
  const { traceEvents, displayTimeUnit } = toTraceEvents({
    climate: {
      damaged: 0,
      entries: [
        [5, "e", "client", "fan", "set", 9, null],
        [10, "s", 2],
        [20, "b", "client", "fan", "set", 1],
        [25, "m", "info cooling"],
        [30, "e", "client", "fan", "set", 1, "PEER_GONE"],
        [40, "b", "client", "fan", "set", 2],
      ],
    },
    gpio: { damaged: 0, entries: [[22, "b", "provider", "climate.fan", "set", 1]] },
  });
  expect(displayTimeUnit).toBe("ms");
  expect(traceEvents.map(({ ph, name, ts, pid }) => [ph, name, ts, pid])).toEqual([
    ["M", "process_name", 0, 1],
    ["i", "recording, incarnation 2", 10, 1],
    ["b", "fan.set", 20, 1],
    ["i", "info cooling", 25, 1],
    ["e", "fan.set", 30, 1],
    ["b", "fan.set", 40, 1],
    ["M", "process_name", 0, 2],
    ["b", "climate.fan.set", 22, 2],
  ]);
  const [begin, end] = [traceEvents[2], traceEvents[4]];
  expect(begin?.id2).toEqual(end?.id2);
  expect(begin).toMatchObject({ cat: "client", args: { channel: "fan", operation: "set" } });
  expect(end?.args).toEqual({ error: "PEER_GONE" });
  expect(traceEvents[5]?.id2).not.toEqual(begin?.id2);
});
