/** What a suite is written with: tests that ask a station for capabilities, and measurements that have limits. */
import { describe, test } from "vitest";
import { missingCapabilities } from "../station/capabilities.ts";
import type { Bench } from "./bench.ts";
import { type Limits, type Measurement, takeMeasurement } from "./measurement.ts";

declare module "vitest" {
  interface TaskMeta {
    measurements?: Measurement[];
  }
}

export type Wanted = {
  /** Capabilities (`gpio-stimulus:BUTTON`, `uart-loopback`); where one is missing the test is left out and says so. */
  readonly needs: readonly string[];
  /** For all of the test, in ms. */
  readonly boundMs: number;
  /** Part of the short run, which is to fit into five minutes on an emulated board. */
  readonly short?: boolean;
};

/** What a test gets: the bench, and a way to write down what it measured. */
export type BenchTest = (
  bench: Bench,
  /** Writes `value` down for the report. Throws where it is outside of its limits. */
  measure: (name: string, value: number, limits: Limits) => void,
) => Promise<void>;

export type Suite = (it: (title: string, wanted: Wanted, body: BenchTest) => void) => void;

/** Makes vitest's tests of a suite for one bench. `isShort`: those of the short run. */
export function declareSuite(name: string, suite: Suite, bench: Bench, isShort: boolean): void {
  describe(name, () => {
    suite((title, { needs, boundMs, short = false }, body) => {
      test(title, { timeout: bench.within(boundMs) }, async ({ task, skip }) => {
        const missing = missingCapabilities(needs, bench.station.capabilities);
        if (missing.length > 0) skip(`${bench.station.station} does not provide ${missing.join(", ")}`);
        if (isShort && !short) skip("not in the short run");
        const measurements: Measurement[] = [];
        task.meta.measurements = measurements;
        await body(bench, (what, value, limits) => takeMeasurement(measurements, what, value, limits));
      });
    });
  });
}
