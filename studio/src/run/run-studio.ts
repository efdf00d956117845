/** Runs the Studio Server without a device until it is asked to end: what `bulkhead kms start` does. */
import { runUntilEnd } from "./ending.ts";
import { showProgress } from "./progress.ts";
import { claimSite, takeDownOnFailure } from "./site.ts";
import { type Studio, startStudio } from "./studio.ts";

export type RunStudioOptions = { name: string; port: number; json: boolean };

/** Prints the login link and the keys that a project's root must name; returns the exit code. */
export async function runStudio({ name, port, json }: RunStudioOptions): Promise<number> {
  const progress = showProgress();
  return runUntilEnd(
    progress,
    async (ending) => {
      const site = await claimSite({ name, fresh: false, ending }, progress);
      const start = () => startStudio(site, { port, uploads: "verified" }, progress);
      return { ...(await takeDownOnFailure(site, start)), stop: site.stop };
    },
    (studio) => present(studio, json),
  );
}

async function present({ client, identity }: Studio, json: boolean): Promise<void> {
  const { snapshotKey, timestampKey } = identity;
  const loginLink = await client.loginLink();
  if (json) {
    process.stdout.write(`${JSON.stringify({ ok: true, url: client.url, loginLink, snapshotKey, timestampKey })}\n`);
    return;
  }
  const lines = [
    "The management service runs. Its page, with a key that works once:",
    `  ${loginLink}`,
    "The root of a project names its keys (bulkhead root init):",
    `  --snapshot=${snapshotKey} --timestamp=${timestampKey}`,
    "Ctrl-C ends it.",
  ];
  process.stdout.write(`\n${lines.map((line) => `  ${line}\n`).join("\n")}`);
}
