/** `npm run prove -- <topic>`: one long proof on the pinned Node; it ends with the line `N passed, N failed`. */
import { mkdir, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { runPinned } from "./setup/pinned-node.mjs";
import { root } from "./setup/process.mjs";
import { setUp } from "./setup.mjs";
import { countResults } from "./test-results.mjs";
import { readTopic } from "./topics.mjs";

const place = "tests/prove";
const asked = await readTopic(
  "prove",
  place,
  "Proofs that take too long for `npm test`. Each topic is a folder of tests/prove.",
);
if (asked) {
  const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
  const resultsFile = join(root, ".cache", `prove-${asked.topic}.json`);
  await setUp({ programs: "test" });
  await mkdir(dirname(resultsFile), { recursive: true });
  await rm(resultsFile, { force: true });
  const reporters = ["--reporter=verbose", "--reporter=json", `--outputFile.json=${resultsFile}`];
  const config = ["--config", join(root, "vitest.prove.config.ts")];
  const code = await runPinned([vitest, "run", ...config, ...reporters, `${place}/${asked.topic}/`, ...asked.rest]);
  const { passed, failed } = countResults(await readFile(resultsFile, "utf8").catch(() => undefined), code);
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  process.exitCode = failed === 0 ? 0 : code || 1;
}
