/** Counts what vitest's JSON report says, so that nothing which went wrong counts as well. */

/**
 * A file that could not be loaded, a run that ended before it reported, and an error outside of all tests are each one
 * failure more: vitest has no test for them to fail.
 *
 * @param {string | undefined} report vitest's JSON, or undefined where there is none
 * @param {number} exitCode of vitest
 * @returns {{ passed: number, failed: number }}
 */
export function countResults(report, exitCode) {
  if (report === undefined) return { passed: 0, failed: 1 };
  /** @type {{ numPassedTests: number, numFailedTests: number, testResults: { status: string, assertionResults: { status: string }[] }[] }} */
  const { numPassedTests, numFailedTests, testResults } = JSON.parse(report);
  const brokenFiles = testResults.filter(
    (file) => file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed"),
  ).length;
  const failed = numFailedTests + brokenFiles;
  return { passed: numPassedTests, failed: failed === 0 && exitCode !== 0 ? 1 : failed };
}
