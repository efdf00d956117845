/** Runs a whole system until it is asked to end: what `npm start` and `bulkhead run` do. */
import { bringUpToDate } from "./bring-up-to-date.ts";
import { runUntilEnd } from "./ending.ts";
import { launch, type Running } from "./launcher.ts";
import { formatHostLayers, formatLevels } from "./levels.ts";
import type { RunOptions } from "./options.ts";
import { type Progress, showProgress } from "./progress.ts";

/** Prints the levels that the components reached and the link to the page; returns the exit code. */
export async function runSystem(options: RunOptions): Promise<number> {
  const progress = showProgress();
  return runUntilEnd(
    progress,
    (ending) => launch({ ...options, fresh: false, uploads: "verified", ending }, progress),
    (running) => present(running, options, progress),
  );
}

const unsignedWords =
  "Commands need no operator's signature here: the policy of the board waives it. For development only.";

async function present(running: Running, { json, signed }: RunOptions, progress: Progress): Promise<void> {
  // What was signed elsewhere is deployed by whoever wants it on a device that has another.
  if (!signed) await bringUpToDate(running, progress);
  const { client, provisioning } = running;
  const { deviceId } = provisioning;
  const { status } = await client.status(deviceId);
  const loginLink = await client.loginLink();
  if (json) {
    process.stdout.write(`${JSON.stringify({ ok: true, url: client.url, loginLink, deviceId })}\n`);
    return;
  }
  if (status) process.stdout.write(`\n${formatLevels(status.components)}\n${formatHostLayers(status.host)}`);
  const { unsignedCommands } = await client.device(deviceId);
  if (unsignedCommands === true) process.stdout.write(`\n  ${unsignedWords}\n`);
  process.stdout.write(
    `\n  The system runs. Its page, with a key that works once:\n\n    ${loginLink}\n\n  Ctrl-C ends it.\n`,
  );
}
