/** The end of a log: what was unsteady, what failed, and the count, so short that who keeps only the end has all names. */
import { stripVTControlCharacters } from "node:util";
import { root } from "../setup/process.mjs";

/** @typedef {import("./read.mjs").Failure} Failure */

/** Lines for one list. With the count and its headings two of them stay below 60. */
const mostLines = 24;
const mostErrorLines = 4;
const mostWidth = 240;

/** What the lists begin with, for who looks for them in a log. */
export const headings = {
  unsteady: "unsteady tests (failed, and held when their files were run alone):",
  failed: "failed tests:",
};

/**
 * @param {import("./second-run.mjs").Verdict} verdict
 * @returns {string} ends with the line `N passed, M failed`
 */
export function formatVerdict({ passed, failures, unsteady }) {
  const lines = [
    ...listOf(headings.unsteady, unsteady),
    ...listOf(headings.failed, failures),
    ...(unsteady.length === 0
      ? []
      : [cut(`${unsteady.length} unsteady: ${[...new Set(unsteady.map(nameOf))].join("; ")}`)]),
  ];
  return `${lines.length === 0 ? "" : `\n${lines.join("\n")}\n`}${passed} passed, ${failures.length} failed\n`;
}

/**
 * @param {string} heading
 * @param {readonly Failure[]} failures
 */
function listOf(heading, failures) {
  if (failures.length === 0) return [];
  const share = Math.min(mostErrorLines, Math.max(0, Math.floor(mostLines / failures.length) - 1));
  const shown = failures.slice(0, mostLines);
  const rest = failures.length - shown.length;
  const entries = shown.flatMap((failure) => [
    cut(`  ${nameOf(failure)}`),
    ...firstLines(failure.error, share).map((line) => cut(`      ${line}`)),
  ]);
  return [heading, ...entries, ...(rest === 0 ? [] : [`  and ${rest} more`])];
}

/** @param {Failure} failure */
function nameOf({ file, test }) {
  return `${file || "(no file)"}${test === "" ? "" : `: ${test}`}`;
}

/**
 * What was wrong, and where in our own sources.
 *
 * @param {string} error
 * @param {number} count
 */
function firstLines(error, count) {
  const lines = stripVTControlCharacters(error)
    .replaceAll(`file://${root}/`, "")
    .replaceAll(`${root}/`, "")
    .split("\n")
    .map((line) => line.trimEnd())
    .filter((line) => line.trim() !== "" && !/node_modules|\(<anonymous>\)$/.test(line));
  if (lines.length <= count) return lines;
  const place = lines.findIndex((line, index) => index >= count - 1 && line.trimStart().startsWith("at "));
  return place < 0 || count < 2 ? lines.slice(0, count) : [...lines.slice(0, count - 1), lines[place] ?? ""];
}

/** @param {string} line */
function cut(line) {
  return line.length > mostWidth ? `${line.slice(0, mostWidth - 1)}…` : line;
}
