/** `npm start`: runs the whole system until Ctrl-C. (`--check` is tests/first-light, started by scripts/start.mjs.) */
import { formatError, reportError } from "@bulkhead/protocol";
import { exampleManifest } from "../locations.ts";
import { readOptions, runUsage } from "./options.ts";
import { runSystem } from "./run-system.ts";

try {
  const options = readOptions(process.argv.slice(2), exampleManifest);
  if (options === null) process.stdout.write(runUsage);
  else process.exitCode = await runSystem(options);
} catch (error) {
  process.stderr.write(`${formatError(reportError(error))}\n`);
  process.exitCode = 1;
}
