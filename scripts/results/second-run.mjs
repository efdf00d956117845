/**
 * The second run of what failed: each file alone, after all others. What holds then was the machine's doing or a test's
 * that depends on it, and is told as unsteady; what fails again has failed (decision 46).
 */

/** @typedef {import("./read.mjs").Failure} Failure */
/** @typedef {import("./read.mjs").Run} Run */
/** @typedef {{ passed: number, failures: Failure[], unsteady: Failure[] }} Verdict */

/** More than that is no accident, and takes too long to look at twice. */
export const mostFiles = 10;

/** How long after its begin the second run still takes up a file; those that it does not reach have failed. */
export const mostMs = 240_000;

/**
 * The files to be run once more: none where too many failed, or where somebody ended the run.
 *
 * @param {Run} first
 * @param {number} exitCode of the first run
 * @returns {string[]}
 */
export function filesToRepeat(first, exitCode) {
  if (exitCode >= 128) return [];
  const files = [...new Set(first.failures.map(({ file }) => file).filter(Boolean))];
  return files.length > mostFiles ? [] : files;
}

/**
 * What counts in the end. In a file that was run again everything that fails then has failed, whatever it did before.
 *
 * @param {Run} first
 * @param {ReadonlyMap<string, Run>} repeated the second runs, by file
 * @returns {Verdict}
 */
export function settle(first, repeated) {
  const second = [...repeated.values()];
  const passedSecond = new Set(second.flatMap(({ passed }) => passed).map(keyOf));
  const failedSecond = new Map(second.flatMap(({ failures }) => failures).map((failure) => [keyOf(failure), failure]));
  /** @param {Failure} failure */
  const holdsNow = (failure) => {
    if (failedSecond.has(keyOf(failure))) return false;
    if (failure.test !== "") return passedSecond.has(keyOf(failure));
    return (repeated.get(failure.file)?.passed.length ?? 0) > 0;
  };
  const unsteady = first.failures.filter(holdsNow);
  const lasting = first.failures.filter((failure) => !holdsNow(failure) && !failedSecond.has(keyOf(failure)));
  const known = new Set(first.passed.map(keyOf));
  const kept = first.passed.filter((test) => !failedSecond.has(keyOf(test)));
  const won = second.flatMap(({ passed }) => passed).filter((test) => !known.has(keyOf(test)));
  return { passed: kept.length + won.length, failures: [...lasting, ...failedSecond.values()], unsteady };
}

/** @param {{ file: string, test: string }} name */
function keyOf({ file, test }) {
  return `${file}\0${test}`;
}
