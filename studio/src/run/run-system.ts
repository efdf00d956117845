/** Runs a whole system until it is asked to end: what `npm start` and `bulkhead run` do. */
import { bringUpToDate } from "./bring-up-to-date.ts";
import { runUntilEnd } from "./ending.ts";
import { launch, type Running } from "./launcher.ts";
import { formatLevels } from "./levels.ts";
import type { RunOptions } from "./options.ts";
import { type Progress, showProgress } from "./progress.ts";

/** Prints the levels that the components reached and the link to the page; returns the exit code. */
export async function runSystem(options: RunOptions): Promise<number> {
  const progress = showProgress();
  return runUntilEnd(
    progress,
    (ending) => launch({ ...options, fresh: false, uploads: "verified", ending }, progress),
    (running) => present(running, progress),
  );
}

async function present(running: Running, progress: Progress): Promise<void> {
  await bringUpToDate(running, progress);
  const { status } = await running.client.status(running.provisioning.deviceId);
  if (status) process.stdout.write(`\n${formatLevels(status.components)}\n`);
  process.stdout.write(
    `\n  The system runs. Its page, with a key that works once:\n\n    ${await running.client.loginLink()}\n\n  Ctrl-C ends it.\n`,
  );
}
