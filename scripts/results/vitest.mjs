/** Runs vitest on the pinned Node and reads what it says of itself. */
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { runPinned } from "../setup/pinned-node.mjs";
import { root } from "../setup/process.mjs";
import { readRun } from "./read.mjs";

const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
const reporter = join(root, "scripts", "results", "reporter.mjs");

/**
 * @param {readonly string[]} args for `vitest run`
 * @param {string} resultsFile where vitest's JSON report stays
 * @returns {Promise<{ run: import("./read.mjs").Run, code: number }>}
 */
export async function runVitest(args, resultsFile) {
  const errorsFile = `${resultsFile}.errors`;
  await mkdir(dirname(resultsFile), { recursive: true });
  await Promise.all([rm(resultsFile, { force: true }), rm(errorsFile, { force: true })]);
  const reporters = ["--reporter=json", `--outputFile.json=${resultsFile}`, `--reporter=${reporter}`];
  process.env["BULKHEAD_TEST_ERRORS"] = errorsFile;
  const code = await runPinned([vitest, "run", ...args, ...reporters]);
  const run = readRun(await readJson(resultsFile), (await readJson(errorsFile)) ?? [], code);
  await rm(errorsFile, { force: true });
  return { run, code };
}

/**
 * Adds to vitest's report what it does not know of.
 *
 * @param {string} resultsFile
 * @param {object} more
 */
export async function extendReport(resultsFile, more) {
  const report = await readJson(resultsFile);
  if (report !== undefined) await writeFile(resultsFile, JSON.stringify({ ...report, ...more }));
}

/** A file that is not there, or not whole, says nothing. @param {string} path */
async function readJson(path) {
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch {
    return undefined;
  }
}
