/** What counts as a passed and what as a failed test. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../setup/process.mjs";
import { readRun } from "./read.mjs";

const report = (files: Record<string, { status: string; message?: string; tests: Record<string, string> }>) => ({
  testResults: Object.entries(files).map(([name, { status, message = "", tests }]) => ({
    name: join(root, name),
    status,
    message,
    assertionResults: Object.entries(tests).map(([fullName, outcome]) => ({
      fullName,
      status: outcome,
      failureMessages: outcome === "failed" ? [`Error: ${fullName} is wrong`] : [],
    })),
  })),
});

test("passed tests are counted, and those that failed named with their file and error", () => {
  const files = {
    "a.test.ts": { status: "passed", tests: { one: "passed", two: "passed", left: "pending" } },
    "b.test.ts": { status: "failed", tests: { one: "passed", three: "failed" } },
  };
  const { passed, failures } = readRun(report(files), [], 1);
  expect(passed).toHaveLength(3);
  expect(failures).toEqual([{ file: "b.test.ts", test: "three", error: "Error: three is wrong" }]);
});

test("a file that could not be loaded counts as a failure", () => {
  const files = {
    "a.test.ts": { status: "passed", tests: { one: "passed" } },
    "b.test.ts": { status: "failed", message: "no module of that name", tests: {} },
  };
  const { passed, failures } = readRun(report(files), [], 1);
  expect(passed).toHaveLength(1);
  expect(failures).toEqual([{ file: "b.test.ts", test: "", error: "no module of that name" }]);
});

test("a file that failed by a hook of one of its parts counts once, with the error that the reporter saw", () => {
  const files = { "a.test.ts": { status: "failed", tests: { one: "passed" } } };
  const error = { file: "a.test.ts", test: "", error: "the hook threw" };
  expect(readRun(report(files), [error], 1).failures).toEqual([error]);
});

test("an error outside of all tests counts as a failure, beside others too", () => {
  const files = {
    "a.test.ts": { status: "passed", tests: { one: "passed" } },
    "b.test.ts": { status: "failed", tests: { three: "failed" } },
  };
  const error = { file: "a.test.ts", test: "", error: "outside of all tests: nobody waited for it" };
  expect(readRun(report(files), [error], 1).failures).toEqual([expect.objectContaining({ test: "three" }), error]);
});

test("an exit code that nothing explains counts as a failure", () => {
  const { passed, failures } = readRun(report({ "a.test.ts": { status: "passed", tests: { one: "passed" } } }), [], 1);
  expect(passed).toHaveLength(1);
  expect(failures).toEqual([{ file: "", test: "", error: "vitest ended with code 1 with no failure in its report" }]);
});

test("a run that ended before it reported counts as a failure", () => {
  expect(readRun(undefined, [], 0)).toMatchObject({ passed: [], failures: [{ file: "" }] });
});
