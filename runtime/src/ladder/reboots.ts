/**
 * Reboots that the ladder asks for: counted on the disk before each, with longer and longer waits between them, and at
 * most as many as there are waits. A device that no reboot helps stays in safe mode, where it can be reached.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { Device } from "../device/index.ts";
import { replaceFile } from "../generations/index.ts";

const countSchema = z.strictObject({ format: z.literal(1), count: z.number().int().nonnegative() });

export type Reboots = {
  /** How long to wait before the next one; null where there have been enough. */
  readonly nextInMs: () => number | null;
  /** Writes down that one follows. False where that cannot be written: one that is not counted must not be made. */
  count(): Promise<boolean>;
  /** A person or a new release has taken a hand in it, or the device has been well for long enough. Never throws. */
  forgive(): Promise<void>;
  /** To be called with each change: the device is forgiven when it was well all the time for `healthyMs`. */
  observe(isWell: boolean): void;
  stop(): void;
};

/** Opens the count of `device`. A file that cannot be read counts as all used up: it must not become a loop. */
export async function openReboots({ config, log }: Pick<Device, "config" | "log">): Promise<Reboots> {
  const { rebootDelaysMs, healthyMs } = config.ladder;
  const path = join(config.dataDir, "state", "reboots");
  let used = await readCount(path, rebootDelaysMs.length);
  let well: NodeJS.Timeout | undefined;

  async function save(count: number): Promise<boolean> {
    try {
      await replaceFile(path, JSON.stringify({ format: 1, count }), 0o600);
      used = count;
      return true;
    } catch (error) {
      log.line(`the count of reboots cannot be written: ${(error as Error).message}`);
      return false;
    }
  }

  async function forgive(): Promise<void> {
    if (used > 0) await save(0);
  }

  function stop(): void {
    clearTimeout(well);
    well = undefined;
  }

  return {
    nextInMs: () => rebootDelaysMs[used] ?? null,
    count: () => save(used + 1),
    forgive,
    observe(isWell) {
      if (!isWell) stop();
      else if (used > 0) well ??= setTimeout(() => void forgive(), healthyMs);
    },
    stop,
  };
}

async function readCount(path: string, most: number): Promise<number> {
  try {
    return countSchema.parse(JSON.parse(await readFile(path, "utf8"))).count;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT" ? 0 : most;
  }
}
