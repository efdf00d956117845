/** `npm test`: sets the machine up, runs all tests on the pinned Node, and ends with the line `N passed, N failed`. */
import { mkdir, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { runPinned } from "./setup/pinned-node.mjs";
import { root } from "./setup/process.mjs";
import { setUp } from "./setup.mjs";
import { countResults } from "./test-results.mjs";

const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
const resultsFile = join(root, ".cache", "test-results.json");

await setUp({ programs: "test" });
await mkdir(dirname(resultsFile), { recursive: true });
await rm(resultsFile, { force: true });
const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${resultsFile}`];
const code = await runPinned([vitest, "run", ...reporters, ...process.argv.slice(2)]);
const { passed, failed } = countResults(await readFile(resultsFile, "utf8").catch(() => undefined), code);
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : code || 1;
