import { expect, test } from "vitest";
import { formatTelemetry } from "./format-telemetry.ts";

test("[M8] telemetry is a row per stream with its last value, and what was lost, from when to when", () => {
  const points = [21.25, 22.5, 20].map((value, at) => ({ atMs: at * 1000, value }));
  const loss = { stream: "climate.temperature", count: 12, fromMs: 0, toMs: 1000, notedAtMs: 5000 };
  const unknown = { stream: "", count: 3, fromMs: null, toMs: null, notedAtMs: 5000 };
  const streams = [{ component: "climate", stream: "temperature", unit: "°C", points }];
  expect(formatTelemetry({ streams, losses: [loss, unknown] }, 5000).split("\n")).toEqual([
    "STREAM               VALUE  WHEN     RANGE            LOST",
    "climate.temperature  20 °C  3 s ago  20 to 22.5 in 3  12",
    "lost 12 of climate.temperature between 1970-01-01T00:00:00.000Z and 1970-01-01T00:00:01.000Z",
    "lost 3 of streams that nobody can name told at 1970-01-01T00:00:05.000Z",
  ]);
  expect(formatTelemetry({ streams: [], losses: [] }, 0)).toBe("no component has published anything");
});
