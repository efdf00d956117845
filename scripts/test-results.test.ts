/** What counts as a passed and what as a failed test. */
import { expect, test } from "vitest";
import { countResults } from "./test-results.mjs";

const report = (files: { status: string; tests: string[] }[]) =>
  JSON.stringify({
    numPassedTests: files.flatMap((file) => file.tests).filter((status) => status === "passed").length,
    numFailedTests: files.flatMap((file) => file.tests).filter((status) => status === "failed").length,
    testResults: files.map(({ status, tests }) => ({ status, assertionResults: tests.map((t) => ({ status: t })) })),
  });

test("passed and failed tests are counted", () => {
  const files = [
    { status: "passed", tests: ["passed", "passed"] },
    { status: "failed", tests: ["passed", "failed"] },
  ];
  expect(countResults(report(files), 1)).toEqual({ passed: 3, failed: 1 });
});

test("a file that could not be loaded counts as a failure", () => {
  const files = [
    { status: "passed", tests: ["passed"] },
    { status: "failed", tests: [] },
  ];
  expect(countResults(report(files), 1)).toEqual({ passed: 1, failed: 1 });
});

test("an error outside of all tests counts as a failure", () => {
  expect(countResults(report([{ status: "passed", tests: ["passed"] }]), 1)).toEqual({ passed: 1, failed: 1 });
});

test("a run that ended before it reported counts as a failure", () => {
  expect(countResults(undefined, 0)).toEqual({ passed: 0, failed: 1 });
});
