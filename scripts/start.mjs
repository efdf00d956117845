/**
 * `npm start`: sets the machine up, then runs the launcher on the pinned Node with the same arguments; with `--check` the
 * proof of first light, which uses the launcher.
 */
import { join } from "node:path";
import { runPinned } from "./setup/pinned-node.mjs";
import { root } from "./setup/process.mjs";
import { setUp } from "./setup.mjs";

await setUp({ programs: "run" });
const args = process.argv.slice(2);
const program = args.includes("--check") ? "tests/first-light/check.ts" : "studio/src/run/start.ts";
process.exitCode = await runPinned([join(root, program), ...args]);
