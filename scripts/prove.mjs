/** `npm run prove -- <topic>`: one long proof on the pinned Node; it ends with the line `N passed, N failed`. */
import { join } from "node:path";
import { formatVerdict } from "./results/print.mjs";
import { settle } from "./results/second-run.mjs";
import { runVitest } from "./results/vitest.mjs";
import { root } from "./setup/process.mjs";
import { setUp } from "./setup.mjs";
import { readTopic } from "./topics.mjs";

const place = "tests/prove";
const asked = await readTopic(
  "prove",
  place,
  "Proofs that take too long for `npm test`. Each topic is a folder of tests/prove.",
);
if (asked) {
  await setUp({ programs: "test" });
  const config = ["--config", join(root, "vitest.prove.config.ts"), "--reporter=verbose"];
  const args = [...config, `${place}/${asked.topic}/`, ...asked.rest];
  const { run, code } = await runVitest(args, join(root, ".cache", `prove-${asked.topic}.json`));
  // A proof has no second run: what does not hold at once is not proven.
  const verdict = settle(run, new Map());
  process.stdout.write(formatVerdict(verdict));
  process.exitCode = verdict.failures.length === 0 ? 0 : code || 1;
}
