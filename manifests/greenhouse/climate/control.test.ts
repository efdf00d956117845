import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeTemperature } from "../plant/bus.ts";
import { decideFan, decodeTemperature } from "./control.ts";

const limits = { fanOnMilliC: 26_000, fanOffMilliC: 25_000 };

describe("[S4] the climate controller", () => {
  test("switches the fan on at the upper limit and off at the lower one", () => {
    expect(decideFan(0, 26_000, limits)).toBe(1);
    expect(decideFan(1, 25_000, limits)).toBe(0);
  });

  test("leaves the fan as it is between the limits", () => {
    fc.assert(
      fc.property(fc.integer({ min: 25_001, max: 25_999 }), fc.constantFrom(0 as const, 1 as const), (t, fan) => {
        expect(decideFan(fan, t, limits)).toBe(fan);
      }),
    );
  });

  test("lets the fan run when it cannot know the temperature", () => {
    expect(decideFan(0, null, limits)).toBe(1);
  });

  test("reads what a TMP102 writes, below zero too", () => {
    fc.assert(
      fc.property(fc.integer({ min: -2048, max: 2047 }), (steps) => {
        expect(decodeTemperature(encodeTemperature(steps * 0.0625))).toBe(Math.round(steps * 62.5));
      }),
    );
  });
});
