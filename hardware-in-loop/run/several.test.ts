import { BulkheadError } from "@bulkhead/protocol";
import { expect, test } from "vitest";
import type { Report, Result } from "../report/report.ts";
import type { Run } from "./one.ts";
import { describeOutcomes, runInTurn } from "./several.ts";

function runOf(results: readonly Result[], exitCode = 0): Run {
  const tests = results.map((result) => ({ suite: "agent", title: "x", result, durationMs: 1, measurements: [] }));
  const about = { station: "x", title: "X", board: "virtual", capabilities: [], versions: {}, errors: [], console: "" };
  const report: Report = { format: 1, ...about, startedAt: "2026-01-01T00:00:00Z", durationMs: 1, tests };
  return { report, exitCode };
}

test("[K19] a station whose board never comes up keeps no other from its turn, and fails the run", async () => {
  let clockMs = 0;
  const turns: string[] = [];
  const outcomes = await runInTurn(
    ["emulated/a", "emulated/broken", "virtual"],
    async (name) => {
      turns.push(name);
      clockMs += 61_000;
      if (name === "emulated/broken") throw new BulkheadError("TARGET_NOT_REACHED", "the run ended without a report");
      return runOf(["passed", "passed", "skipped"]);
    },
    () => clockMs,
  );
  expect(turns).toEqual(["emulated/a", "emulated/broken", "virtual"]);
  expect(outcomes.map(({ isGood }) => isGood)).toEqual([true, false, true]);
  const said = describeOutcomes(outcomes, ["bench/beaglebone-black"]);
  expect(said).toMatch(/^emulated\/a +1:01 {2}2 passed, 0 failed, 1 left out$/m);
  expect(said).toMatch(/^emulated\/broken +1:01 {2}no result$/m);
  expect(said).toMatch(/^emulated\/broken: TARGET_NOT_REACHED: the run ended without a report$/m);
  expect(said).toMatch(/^not run, .*: bench\/beaglebone-black$/m);
  expect(said).toMatch(/\n4 passed, 1 failed\n$/);
});

test.each<[string, Run]>([
  ["a test failed", runOf(["passed", "failed"], 1)],
  ["all was left out", runOf(["skipped"])],
  ["its process failed", runOf(["passed"], 1)],
])("[K19] a station is not good where %s", async (_, run) => {
  expect((await runInTurn(["x"], async () => run)).map(({ isGood }) => isGood)).toEqual([false]);
});
