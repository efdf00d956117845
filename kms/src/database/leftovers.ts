/**
 * What a killed PostgreSQL leaves: a pid file that may name somebody else's process by now, and back-ends that are still
 * on their way out. PostgreSQL refuses to start when the pid in its file belongs to any living process of its user, so
 * we look for processes that really work in the data directory.
 */
import { readdir, readlink, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { BulkheadError } from "@bulkhead/protocol";
import type { Places } from "./cluster.ts";

/** A postmaster whose launcher was killed closes its log first; that takes well below this. */
const usualLeavingMs = 15_000;

/** Waits for the last start's processes to go, then removes what they left. Errors: ALREADY_RUNNING. */
export async function clearLeftovers(places: Places, leavingMs = usualLeavingMs): Promise<void> {
  const giveUpMs = Date.now() + leavingMs;
  for (let pids = await processesIn(places.dataDir); pids.length > 0; pids = await processesIn(places.dataDir)) {
    if (Date.now() > giveUpMs) {
      throw new BulkheadError("ALREADY_RUNNING", `PostgreSQL (pid ${pids[0]}) uses ${places.dataDir} already`, {
        remedy: "stop the other Bulkhead that runs from this state directory",
      });
    }
    await sleep(50);
  }
  await rm(join(places.dataDir, "postmaster.pid"), { force: true });
  for (const name of await readdir(places.socketDir)) await rm(join(places.socketDir, name), { force: true });
}

/** Every PostgreSQL process has its data directory as working directory. */
async function processesIn(dataDir: string): Promise<string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const places = await Promise.all(pids.map((pid) => readlink(`/proc/${pid}/cwd`).catch(() => "")));
  return pids.filter((_, index) => places[index] === dataDir);
}
