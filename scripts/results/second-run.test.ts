/** What a second run makes of a first one. */
import { describe, expect, test } from "vitest";
import type { Run } from "./read.mjs";
import { filesToRepeat, mostFiles, settle } from "./second-run.mjs";

const failure = (file: string, test: string) => ({ file, test, error: `Error: ${test || file}` });
const run = (passed: [string, string][], failures: [string, string][]): Run => ({
  passed: passed.map(([file, test]) => ({ file, test })),
  failures: failures.map(([file, test]) => failure(file, test)),
});
const settled = (first: Run, repeated: Record<string, Run>) => settle(first, new Map(Object.entries(repeated)));

describe("what is run once more", () => {
  test("each file with a failure, once", () => {
    expect(
      filesToRepeat(
        run(
          [["a", "x"]],
          [
            ["b", "x"],
            ["b", "y"],
            ["c", ""],
          ],
        ),
        1,
      ),
    ).toEqual(["b", "c"]);
  });

  test("nothing where nothing failed, where the failure has no file, and where somebody ended the run", () => {
    expect(filesToRepeat(run([["a", "x"]], []), 0)).toEqual([]);
    expect(filesToRepeat(run([["a", "x"]], [["", ""]]), 1)).toEqual([]);
    expect(filesToRepeat(run([["a", "x"]], [["b", "x"]]), 130)).toEqual([]);
  });

  test("nothing where more files failed than can be an accident", () => {
    const files = (count: number) => Array.from({ length: count }, (_, i): [string, string] => [`file-${i}`, "x"]);
    expect(filesToRepeat(run([], files(mostFiles)), 1)).toHaveLength(mostFiles);
    expect(filesToRepeat(run([], files(mostFiles + 1)), 1)).toEqual([]);
  });
});

describe("what counts after the second run", () => {
  const first = run(
    [
      ["a", "x"],
      ["b", "x"],
    ],
    [["b", "y"]],
  );

  test("a test that holds then is unsteady, and passed", () => {
    const second = run(
      [
        ["b", "x"],
        ["b", "y"],
      ],
      [],
    );
    expect(settled(first, { b: second })).toEqual({ passed: 3, failures: [], unsteady: [failure("b", "y")] });
  });

  test("a test that fails again has failed", () => {
    const second = run([["b", "x"]], [["b", "y"]]);
    expect(settled(first, { b: second })).toEqual({ passed: 2, failures: [failure("b", "y")], unsteady: [] });
  });

  test("a test that does not run the second time has failed", () => {
    expect(settled(first, { b: run([["b", "x"]], []) })).toMatchObject({ passed: 2, failures: [failure("b", "y")] });
  });

  test("without a second run all that failed has failed", () => {
    expect(settled(first, {})).toEqual({ passed: 2, failures: [failure("b", "y")], unsteady: [] });
  });

  test("a test of the same file that fails only the second time has failed, too", () => {
    const second = run([["b", "y"]], [["b", "x"]]);
    expect(settled(first, { b: second })).toEqual({
      passed: 2,
      failures: [failure("b", "x")],
      unsteady: [failure("b", "y")],
    });
  });

  test("a file that is loaded the second time brings its tests", () => {
    const second = run(
      [
        ["b", "x"],
        ["b", "y"],
      ],
      [],
    );
    expect(settled(run([["a", "x"]], [["b", ""]]), { b: second })).toEqual({
      passed: 3,
      failures: [],
      unsteady: [failure("b", "")],
    });
  });

  test("an error outside of all tests that does not come again is unsteady; one that comes has failed", () => {
    const outside = run([["b", "x"]], [["b", ""]]);
    expect(settled(outside, { b: run([["b", "x"]], []) })).toMatchObject({ passed: 1, failures: [], unsteady: [{}] });
    expect(settled(outside, { b: outside })).toEqual({ passed: 1, failures: [failure("b", "")], unsteady: [] });
  });

  test("a second run that ends before it reports fails the file", () => {
    const ended = run([], [["", ""]]);
    expect(settled(first, { b: ended }).failures).toEqual([failure("b", "y"), failure("", "")]);
  });
});
