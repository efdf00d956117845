/** `npm start`: runs the whole system until Ctrl-C. (`--check` is tests/first-light, started by scripts/start.mjs.) */
import { keepCompiled } from "../keep-compiled.ts";

keepCompiled();
const { formatError, reportError } = await import("@bulkhead/protocol");
const { exampleManifest } = await import("../locations.ts");
const { readOptions, runUsage } = await import("./options.ts");
const { runSystem } = await import("./run-system.ts");

try {
  const options = readOptions(process.argv.slice(2), exampleManifest);
  if (options === null) process.stdout.write(runUsage);
  else process.exitCode = await runSystem(options);
} catch (error) {
  process.stderr.write(`${formatError(reportError(error))}\n`);
  process.exitCode = 1;
}
