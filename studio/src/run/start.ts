/** `npm start`: runs the whole system until Ctrl-C. (`--check` is tests/first-light, started by scripts/start.mjs.) */
import { join } from "node:path";
import { formatError, reportError } from "@bulkhead/protocol";
import { bulkheadDirectory } from "../locations.ts";
import { bringUpToDate } from "./bring-up-to-date.ts";
import { launch } from "./launcher.ts";
import { formatLevels } from "./levels.ts";
import { type RunOptions, readOptions, runUsage } from "./options.ts";
import { showProgress } from "./progress.ts";

/** Runs until it is asked to end; returns the exit code. */
export async function run(args: readonly string[]): Promise<number> {
  const options = readOptions(args, join(bulkheadDirectory, "manifests/greenhouse/manifest.yaml"));
  if (options === null) {
    process.stdout.write(runUsage);
    return 0;
  }
  // Asked for before anything exists: whatever is up by then is taken down in order.
  const asked = new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => resolve());
  });
  return runSystem(options, asked);
}

async function runSystem(options: RunOptions, asked: Promise<void>): Promise<number> {
  const progress = showProgress();
  const running = await launch({ ...options, fresh: false, uploads: "verified" }, progress);
  await bringUpToDate(running, progress);
  const { status } = await running.client.status(running.provisioning.deviceId);
  if (status) process.stdout.write(`\n${formatLevels(status.components)}\n`);
  process.stdout.write(
    `\n  The system runs. Its page, with a key that works once:\n\n    ${await running.client.loginLink()}\n\n  Ctrl-C ends it.\n`,
  );
  await asked;
  await progress.step("taking it down", () => running.stop());
  return 0;
}

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${formatError(reportError(error))}\n`);
  process.exitCode = 1;
}
