/** The `bulkhead` command line. */
import { keepCompiled } from "./keep-compiled.ts";

keepCompiled();
const [{ runCommandLine }, { root }] = await Promise.all([import("./cli/run.ts"), import("./commands.ts")]);

process.exitCode = await runCommandLine(root, process.argv.slice(2));
