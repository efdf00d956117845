import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Actuators, type Greenhouse, step } from "./model.ts";

const level = fc.constantFrom(0 as const, 1 as const);
const actuators: fc.Arbitrary<Actuators> = fc.record({ fan: level, valve: level });
const greenhouse: fc.Arbitrary<Greenhouse> = fc.record({
  temperatureC: fc.double({ min: -20, max: 60, noNaN: true }),
  moisture: fc.double({ min: 0, max: 1, noNaN: true }),
});

describe("[S4] the simulated greenhouse", () => {
  test("warms in the sun and cools while the fan runs, to where each leads and no further", () => {
    const noon = { temperatureC: 26, moisture: 0.5 };
    expect(step(noon, 1000, { fan: 0, valve: 0 }).temperatureC).toBeGreaterThan(26);
    expect(step(noon, 1000, { fan: 1, valve: 0 }).temperatureC).toBeLessThan(26);
    expect(step(noon, 3_600_000, { fan: 0, valve: 0 }).temperatureC).toBeCloseTo(35, 3);
    expect(step(noon, 3_600_000, { fan: 1, valve: 0 }).temperatureC).toBeCloseTo(18, 3);
  });

  test("dries, and drinks while the valve is open", () => {
    const noon = { temperatureC: 26, moisture: 0.5 };
    expect(step(noon, 1000, { fan: 0, valve: 0 }).moisture).toBeCloseTo(0.495);
    expect(step(noon, 1000, { fan: 0, valve: 1 }).moisture).toBeCloseTo(0.54);
  });

  test("is the same after two half steps as after one, and never leaves its bounds", () => {
    fc.assert(
      fc.property(greenhouse, fc.integer({ min: 1, max: 100_000 }), actuators, (state, halfMs, on) => {
        const once = step(state, 2 * halfMs, on);
        const twice = step(step(state, halfMs, on), halfMs, on);
        expect(twice.temperatureC).toBeCloseTo(once.temperatureC, 6);
        expect(twice.moisture).toBeCloseTo(once.moisture, 6);
        expect(once.moisture).toBeGreaterThanOrEqual(0);
        expect(once.moisture).toBeLessThanOrEqual(1);
      }),
    );
  });
});
