/** Runs a whole system until it is asked to end: what `npm start` and `bulkhead run` do. */
import { askedToEnd } from "./asked-to-end.ts";
import { bringUpToDate } from "./bring-up-to-date.ts";
import { launch } from "./launcher.ts";
import { formatLevels } from "./levels.ts";
import type { RunOptions } from "./options.ts";
import { showProgress } from "./progress.ts";

/** Prints the levels that the components reached and the link to the page; returns the exit code. */
export async function runSystem(options: RunOptions): Promise<number> {
  const asked = askedToEnd();
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
