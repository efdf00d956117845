/**
 * One running system has one state directory and one instance record in it. The record is how the next start knows
 * whether another one lives, and what a killed one left.
 */
import { createHash } from "node:crypto";
import { chmod, link, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { BulkheadError, parseJson } from "@bulkhead/protocol";
import { removeCgroups } from "@bulkhead/runtime";
import { z } from "zod";
import { asStateError } from "./state.ts";

const recordSchema = z.strictObject({
  format: z.literal(1),
  pid: z.number().int().positive(),
  /** Start time of that process in clock ticks (proc(5), stat field 22): a pid alone may be somebody else's by now. */
  startTicks: z.string(),
  cgroupInstance: z.string(),
});

/** In the state directory. */
export const recordName = "instance.json";

export type Instance = {
  /** Directory of everything that this system keeps. */
  stateDir: string;
  /** Name of its control groups, unique on the machine. */
  cgroupInstance: string;
  /** What an earlier, killed run had left and was removed now; empty after an orderly end. */
  cleaned: string[];
  release(): Promise<void>;
};

/** Where systems keep their state: root's in /var/lib (component uids must reach it), a user's in their home. */
export function stateDirectory(name: string, checkout: string): string {
  const place = createHash("sha256").update(checkout).digest("hex").slice(0, 8);
  const base =
    process.getuid?.() === 0
      ? "/var/lib/bulkhead"
      : join(process.env["XDG_STATE_HOME"] ?? join(homedir(), ".local/state"), "bulkhead");
  return join(base, `${name}-${place}`);
}

/** True while the process that has the state directory lives. */
export async function isRunning(stateDir: string): Promise<boolean> {
  const text = await readFile(join(stateDir, recordName), "utf8").catch(() => "");
  const record = recordSchema.safeParse(parseJson(text)).data;
  return record !== undefined && (await isAlive(record));
}

/**
 * Takes the state directory for this process. Throws ALREADY_RUNNING, with `remedy`, where a living process has it, STATE_UNWRITABLE and
 * STORAGE_FULL where it cannot be taken at all.
 */
export async function claimInstance(
  name: string,
  checkout: string,
  remedy = "stop it with Ctrl-C, or give this one another --name",
): Promise<Instance> {
  const stateDir = stateDirectory(name, checkout);
  try {
    return await claim(stateDir, remedy);
  } catch (error) {
    throw asStateError(error, stateDir);
  }
}

async function claim(stateDir: string, remedy: string): Promise<Instance> {
  await mkdir(stateDir, { recursive: true });
  await chmod(stateDir, 0o711);
  const recordPath = join(stateDir, recordName);
  const cgroupInstance = stateDir.slice(stateDir.lastIndexOf("/") + 1);
  const isLeft = await clearDeadRecord(recordPath, stateDir, remedy);
  const record = { format: 1, pid: process.pid, startTicks: await startTicks(process.pid), cgroupInstance };
  await takeRecord(recordPath, JSON.stringify(record), { stateDir, remedy });
  // Only now it is certain that nobody else is at it.
  const groups = isLeft ? await removeCgroups(cgroupInstance) : [];
  const cleaned = isLeft
    ? ["the record of a run that was killed", ...groups.map((path) => `control group ${path}`)]
    : [];
  return { stateDir, cgroupInstance, cleaned, release: () => rm(recordPath, { force: true }) };
}

/** True where there was the record of a process that is no more, or one that a power cut has torn. */
async function clearDeadRecord(recordPath: string, stateDir: string, remedy: string): Promise<boolean> {
  const text = await readFile(recordPath, "utf8").catch(() => null);
  if (text === null) return false;
  const record = recordSchema.safeParse(parseJson(text)).data;
  if (record && (await isAlive(record))) throw alreadyRunning(record.pid, stateDir, remedy);
  // Of two starts at once both may have read the dead record, and one may have put its own in the place by now.
  const aside = `${recordPath}.${process.pid}`;
  await rename(recordPath, aside).catch(() => undefined);
  const moved = await readFile(aside, "utf8").catch(() => null);
  if (moved !== null && moved !== text) await link(aside, recordPath).catch(() => undefined);
  await rm(aside, { force: true });
  return true;
}

/** `remedy`: where another one has it. */
type Claim = { readonly stateDir: string; readonly remedy: string };

/** Whole and at once, by a link: there is no moment at which others could read half a record. */
async function takeRecord(recordPath: string, text: string, { stateDir, remedy }: Claim): Promise<void> {
  const whole = `${recordPath}.${process.pid}`;
  await writeFile(whole, text, { mode: 0o600, flush: true });
  try {
    await link(whole, recordPath);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "EEXIST") throw cause;
    throw new BulkheadError("ALREADY_RUNNING", `another start is taking ${stateDir} right now`, {
      cause,
      remedy,
    });
  } finally {
    await rm(whole, { force: true });
  }
}

function alreadyRunning(pid: number, stateDir: string, remedy: string): BulkheadError {
  return new BulkheadError("ALREADY_RUNNING", `process ${pid} already runs a system from ${stateDir}`, {
    remedy,
  });
}

async function isAlive(record: z.infer<typeof recordSchema>): Promise<boolean> {
  return (await startTicks(record.pid)) === record.startTicks;
}

/** Start time of a process in clock ticks since boot, or "" where there is no such process. */
async function startTicks(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  // The second field is the name in parentheses and may hold spaces: count from the last parenthesis.
  return (
    stat
      .slice(stat.lastIndexOf(")") + 2)
      .split(" ")
      .at(19) ?? ""
  );
}
