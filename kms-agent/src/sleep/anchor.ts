/**
 * Where a device's rhythm of sleeping and waking begins: with the start of the generation, which is when somebody has just
 * started or changed it. An agent that is restarted finds the rhythm again, so that one that crashes does not keep the
 * device awake.
 */
import { readFile } from "node:fs/promises";
import { z } from "zod";
import { replaceFile } from "../durable-file.ts";

const anchorSchema = z.strictObject({
  format: z.literal(1),
  bootId: z.string(),
  /** By the clock of /proc/uptime. */
  uptimeMs: z.number().nonnegative(),
});

export type AnchorOptions = {
  readonly path: string;
  /** This is the agent's first start in its generation: the rhythm begins now. */
  readonly isNew: boolean;
  readonly uptimeFile?: string;
  readonly bootIdFile?: string;
};

/** Answers the clock of the rhythm: milliseconds since its beginning, going on while the device is suspended. */
export async function openAnchor(options: AnchorOptions): Promise<() => Promise<number>> {
  const { path, isNew, uptimeFile = "/proc/uptime", bootIdFile = "/proc/sys/kernel/random/boot_id" } = options;
  const bootId = (await readFile(bootIdFile, "utf8").catch(() => "unknown")).trim();
  const uptimeMs = () => readUptimeMs(uptimeFile);
  const stored = isNew ? undefined : await readAnchor(path);
  const now = await uptimeMs();
  const beganMs = stored?.bootId === bootId && stored.uptimeMs <= now ? stored.uptimeMs : now;
  // One that cannot be kept costs a device that stays awake once too often.
  await replaceFile(path, JSON.stringify({ format: 1, bootId, uptimeMs: beganMs })).catch(() => undefined);
  return async () => (await uptimeMs()) - beganMs;
}

/** proc_uptime(5): seconds since the boot, those of suspension among them (CLOCK_BOOTTIME). */
async function readUptimeMs(file: string): Promise<number> {
  const seconds = Number((await readFile(file, "utf8")).split(" ")[0]);
  return Number.isFinite(seconds) ? seconds * 1000 : 0;
}

async function readAnchor(path: string): Promise<z.infer<typeof anchorSchema> | undefined> {
  try {
    return anchorSchema.parse(JSON.parse(await readFile(path, "utf8")));
  } catch {
    return undefined;
  }
}
