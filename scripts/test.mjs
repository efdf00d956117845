/**
 * `npm test`: sets the machine up, runs all tests on the pinned Node, those files that failed once more by themselves, and
 * ends with what failed and the line `N passed, M failed`.
 */
import { join } from "node:path";
import { formatVerdict } from "./results/print.mjs";
import { filesToRepeat, mostMs, settle } from "./results/second-run.mjs";
import { extendReport, runVitest } from "./results/vitest.mjs";
import { root } from "./setup/process.mjs";
import { setUp } from "./setup.mjs";

const resultsFile = join(root, ".cache", "test-results.json");

await setUp({ programs: "test" });
const { run: first, code } = await runVitest(["--reporter=default", ...process.argv.slice(2)], resultsFile);
const verdict = settle(first, await runAgain(filesToRepeat(first, code)));
await extendReport(resultsFile, { unsteady: verdict.unsteady, failures: verdict.failures });
process.stdout.write(formatVerdict(verdict));
process.exitCode = verdict.failures.length === 0 ? 0 : code || 1;

/**
 * Each file in a run of its own: alone, and with its own exit code.
 *
 * @param {readonly string[]} files
 */
async function runAgain(files) {
  /** @type {Map<string, import("./results/read.mjs").Run>} */
  const runs = new Map();
  const beginMs = performance.now();
  for (const file of files) {
    if (performance.now() - beginMs > mostMs) break;
    process.stdout.write(`\nonce more, alone: ${file}\n`);
    const { run, code } = await runVitest(
      ["--reporter=default", join(root, file)],
      join(root, ".cache", "second-run.json"),
    );
    if (code >= 128) break;
    runs.set(file, run);
  }
  return runs;
}
