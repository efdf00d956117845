/** The end of a log is short, and has every name. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../setup/process.mjs";
import { formatVerdict } from "./print.mjs";

const stack = (message: string) =>
  [
    `AssertionError: ${message}`,
    "Expected: 1",
    "Received: 2",
    `    at file://${join(root, "node_modules/vitest/dist/runner.js")}:1:2`,
    "    at new Promise (<anonymous>)",
    `    at ${join(root, "sdk/a.test.ts")}:7:3`,
    "    at somewhere:9:9",
  ].join("\n");
const failures = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ file: "sdk/a.test.ts", test: `test ${i}`, error: stack(`wrong ${i}`) }));

test("where all holds there is the count alone", () => {
  expect(formatVerdict({ passed: 3, failures: [], unsteady: [] })).toBe("3 passed, 0 failed\n");
});

test("what failed stands before the count: file, name, what was wrong and where in our sources", () => {
  expect(formatVerdict({ passed: 3, failures: failures(1), unsteady: [] })).toBe(`
failed tests:
  sdk/a.test.ts: test 0
      AssertionError: wrong 0
      Expected: 1
      Received: 2
          at sdk/a.test.ts:7:3
3 passed, 1 failed
`);
});

test("what was unsteady is told with its first error, counts as passed, and is named in the line before the count", () => {
  const text = formatVerdict({ passed: 4, failures: [], unsteady: failures(2) });
  expect(text).toContain("\n  sdk/a.test.ts: test 1\n      AssertionError: wrong 1\n");
  expect(text).toMatch(/\n2 unsteady: sdk\/a\.test\.ts: test 0; sdk\/a\.test\.ts: test 1\n4 passed, 0 failed\n$/);
});

test("colours are taken out, and an error outside of all tests has a name as well", () => {
  const error = "\u001b[31mError\u001b[39m: lost";
  expect(formatVerdict({ passed: 1, failures: [{ file: "", test: "", error }], unsteady: [] })).toContain(
    "\n  (no file)\n      Error: lost\n",
  );
});

test("however much failed, the end of the log has less than 60 lines of bounded length", () => {
  for (const count of [1, 5, 10, 24, 25, 3000]) {
    const many = failures(count).map((failure) => ({ ...failure, test: failure.test + "x".repeat(1000) }));
    const lines = formatVerdict({ passed: 1, failures: many, unsteady: many }).split("\n");
    expect(lines.length).toBeLessThan(60);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(240);
    expect(lines.filter((line) => line.startsWith("  sdk/a.test.ts: test "))).toHaveLength(2 * Math.min(count, 24));
  }
});
