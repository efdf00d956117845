import { expect, test } from "vitest";
import { describeLoss, formatReading } from "./readings.ts";

test("[M20] a reading has its unit and no more digits than a sensor knows", () => {
  expect(formatReading(21.34567891, "°C")).toBe("21.3457 °C");
  expect(formatReading(1, null)).toBe("1");
});

test("[M20] a loss says how many of what, and from when to when", () => {
  const loss = { stream: "climate.fan", count: 12, fromMs: 0, toMs: 60_000, notedAtMs: 90_000 };
  expect(describeLoss(loss)).toBe(
    "lost 12 of climate.fan between 1970-01-01T00:00:00.000Z and 1970-01-01T00:01:00.000Z",
  );
  expect(describeLoss({ ...loss, stream: "", fromMs: null })).toBe(
    "lost 12 of streams that nobody can name, told at 1970-01-01T00:01:30.000Z",
  );
});
