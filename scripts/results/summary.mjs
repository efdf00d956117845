/** The end of .ci/run: how long each check took, and once more what failed in it. */
import { headings } from "./print.mjs";

/**
 * @typedef {{ name: string, seconds: number, code: number, result: string, output: string }} Check
 *   `result` is what counted, for people; `output` is all that the check printed
 */

/** Lines for what the checks say of their failures: with the table and the count it stays below 60. */
const mostLines = 40;
/** Of a check that has no lists of its own. */
const lastLines = 8;

/**
 * @param {readonly Check[]} checks
 * @returns {string}
 */
export function formatSummary(checks) {
  const width = Math.max(...checks.map(({ name }) => name.length), "in all".length);
  const rows = checks.map(
    ({ name, seconds, result }) => `${name.padEnd(width)}  ${formatTime(seconds).padStart(6)}  ${result}`,
  );
  const total = checks.reduce((sum, { seconds }) => sum + seconds, 0);
  const told = checks
    .map(({ name, code, output }) => ({ name, lines: wordsOf(output, code) }))
    .filter(({ lines }) => lines.length > 0);
  const share = Math.floor(mostLines / told.length) - 1;
  const words = told.flatMap(({ name, lines }) => [`== ${name}:`, ...shorten(lines, share)]);
  return `${[...rows, `${"in all".padEnd(width)}  ${formatTime(total).padStart(6)}`, ...words].join("\n")}\n`;
}

/**
 * What a check says of its failures: the lists at the end of `npm test` and of a proof, or its last lines.
 *
 * @param {string} output
 * @param {number} code
 */
function wordsOf(output, code) {
  const lines = output.split("\n").filter((line) => line.trim() !== "");
  const { unsteady, failed } = {
    unsteady: lines.lastIndexOf(headings.unsteady),
    failed: lines.lastIndexOf(headings.failed),
  };
  const starts = [unsteady, failed].filter((start) => start >= 0);
  if (starts.length > 0) return lines.slice(Math.min(...starts));
  return code === 0 ? [] : lines.slice(-lastLines);
}

/**
 * Names stand further left than what was wrong, and stay longer.
 *
 * @param {string[]} lines
 * @param {number} count
 */
function shorten(lines, count) {
  if (lines.length <= count) return lines;
  const names = lines.filter((line) => !line.startsWith("      "));
  return names.length <= count ? names : [...names.slice(0, count - 1), "(more above)"];
}

/** @param {number} seconds */
function formatTime(seconds) {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
