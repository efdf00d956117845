/** The end of .ci/run has the times, and names what failed. */
import { expect, test } from "vitest";
import { formatVerdict } from "./print.mjs";
import { formatSummary } from "./summary.mjs";

const good = { name: "types", seconds: 61, code: 0, result: "1 passed, 0 failed", output: "much\ntext\n" };
const failures = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ file: "sdk/a.test.ts", test: `test ${i}`, error: "Error: wrong\nhere" }));
const tests = (failed: number, unsteady: number) => ({
  name: "tests",
  seconds: 540,
  code: failed === 0 ? 0 : 1,
  result: `9 passed, ${failed} failed`,
  output: `noise\n${formatVerdict({ passed: 9, failures: failures(failed), unsteady: failures(unsteady) })}`,
});

test("each check has a line with its time, and the sum stands below", () => {
  expect(formatSummary([tests(0, 0), good])).toBe(
    "tests     9:00  9 passed, 0 failed\ntypes     1:01  1 passed, 0 failed\nin all   10:01\n",
  );
});

test("what failed and what was unsteady is told once more, without what was printed before it", () => {
  const text = formatSummary([tests(1, 1), good]);
  expect(text).toContain("== tests:\nunsteady tests (");
  expect(text).toContain("failed tests:\n  sdk/a.test.ts: test 0\n      Error: wrong\n");
  expect(text).not.toContain("noise");
  expect(formatSummary([tests(0, 1), good])).toContain("\n1 unsteady: sdk/a.test.ts: test 0\n");
});

test("of a check without such lists its last lines are told, where it failed", () => {
  const output = Array.from({ length: 30 }, (_, i) => `line ${i}`).join("\n");
  const text = formatSummary([{ ...good, code: 2, output }]);
  expect(text).toContain("== types:\nline 22\n");
  expect(text).toMatch(/line 29\n$/);
});

test("whatever failed, all of it has less than 57 lines, and the names stay longer than the errors", () => {
  const text = formatSummary([tests(20, 3), ...Array.from({ length: 12 }, () => ({ ...good, code: 1 }))]);
  expect(text.split("\n").length).toBeLessThan(57);
  const many = formatSummary([tests(24, 3), good]);
  for (const { test } of failures(24)) expect(many).toContain(`: ${test}`);
});
