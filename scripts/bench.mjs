/** `npm run bench -- <topic>`: one benchmark on the pinned Node. It prints a table and JSON; it is no test. */
import { join } from "node:path";
import { runPinned } from "./setup/pinned-node.mjs";
import { root } from "./setup/process.mjs";
import { setUp } from "./setup.mjs";
import { readTopic } from "./topics.mjs";

const place = "tests/bench";
const asked = await readTopic(
  "bench",
  place,
  "Measures ratios against peers in the same run. Each topic is a folder of tests/bench.",
);
if (asked) {
  await setUp({ programs: "run" });
  process.exitCode = await runPinned([join(root, place, asked.topic, "main.ts"), ...asked.rest]);
}
