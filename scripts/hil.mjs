/** `npm run hil -- --station NAME`: suites on a board, real, emulated or this machine, on the pinned Node. */
import { join } from "node:path";
import { runPinned } from "./setup/pinned-node.mjs";
import { root } from "./setup/process.mjs";
import { setUp } from "./setup.mjs";

await setUp({ programs: "test" });
process.exitCode = await runPinned([join(root, "hardware-in-loop/run/main.ts"), ...process.argv.slice(2)]);
