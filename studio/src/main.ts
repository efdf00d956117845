/** The `bulkhead` command line. */
import { runCommandLine } from "./cli/run.ts";
import { root } from "./commands.ts";

process.exitCode = await runCommandLine(root, process.argv.slice(2));
