/** What one run of vitest came to, so that nothing which went wrong goes uncounted or unnamed. */
import { relative } from "node:path";
import { root } from "../setup/process.mjs";

/**
 * What failed. Where `test` is empty it is the file that could not be loaded, or an error outside of all its tests; where
 * `file` is empty too, vitest cannot say where it came from.
 *
 * @typedef {{ file: string, test: string, error: string }} Failure
 */
/** @typedef {{ file: string, test: string }} Name */
/** @typedef {{ passed: Name[], failures: Failure[] }} Run */
/** @typedef {{ status: string, fullName: string, failureMessages?: string[] }} TestReport */
/** @typedef {{ name: string, status: string, message?: string, assertionResults: TestReport[] }} FileReport */

/**
 * A file that could not be loaded, a run that ended before it reported, and an error outside of all tests are failures
 * as well: vitest has no test for them to fail.
 *
 * @param {{ testResults: FileReport[] } | undefined} report vitest's JSON, or undefined where there is none
 * @param {readonly Failure[]} errors what is not in it: see reporter.mjs
 * @param {number} exitCode of vitest
 * @returns {Run}
 */
export function readRun(report, errors, exitCode) {
  if (report === undefined) return { passed: [], failures: [nameless(exitCode, "before it reported")] };
  const files = report.testResults.map((file) => readFile(file, errors));
  const passed = files.flatMap((file) => file.passed);
  const known = files.flatMap((file) => file.failures);
  // An error in a file that failed by it is told once.
  const others = errors.filter(({ file }) => !known.some((failure) => failure.file === file && failure.test === ""));
  const failures = [...known, ...others];
  if (failures.length === 0 && exitCode !== 0) failures.push(nameless(exitCode, "with no failure in its report"));
  return { passed, failures };
}

/**
 * @param {FileReport} report
 * @param {readonly Failure[]} errors
 * @returns {Run}
 */
function readFile(report, errors) {
  const file = relative(root, report.name);
  /** @param {string} status */
  const withStatus = (status) => report.assertionResults.filter((test) => test.status === status);
  const passed = withStatus("passed").map((test) => ({ file, test: test.fullName }));
  const failures = withStatus("failed").map((test) => ({
    file,
    test: test.fullName,
    error: test.failureMessages?.[0] ?? "",
  }));
  if (report.status === "failed" && failures.length === 0) {
    const error = report.message || errors.find((found) => found.file === file)?.error;
    failures.push({ file, test: "", error: error || "the file did not come to its end" });
  }
  return { passed, failures };
}

/**
 * @param {number} exitCode
 * @param {string} when
 * @returns {Failure}
 */
function nameless(exitCode, when) {
  return { file: "", test: "", error: `vitest ended with code ${exitCode} ${when}` };
}
