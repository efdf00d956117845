/** `npm start`: sets the machine up, then runs the launcher on the pinned Node with the same arguments. */
import { join } from "node:path";
import { runPinned } from "./setup/pinned-node.mjs";
import { root } from "./setup/process.mjs";
import { setUp } from "./setup.mjs";

await setUp({ programs: "run" });
process.exitCode = await runPinned([join(root, "studio", "src", "run", "start.ts"), ...process.argv.slice(2)]);
