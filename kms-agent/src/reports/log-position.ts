/**
 * How far the console was carried, to the KMS or to the store, kept over a restart of the agent. Written without fsync, for losing it
 * costs only lines that come twice. It counts for one start of the host: after it the console numbers anew.
 */
import { readFile, rename, writeFile } from "node:fs/promises";
import { z } from "zod";

const positionSchema = z.strictObject({
  format: z.literal(1),
  bootId: z.string(),
  arrived: z.number().int().min(-1),
});

export type LogPosition = {
  /** The last line that arrived there. -1: none, begin with the oldest that the console has. */
  arrived: number;
  /** Writes it down where it changed; one that cannot be written is not worth an error. */
  save: () => Promise<void>;
};

/** The position stored at `path` where it was stored since the host started; else the beginning. Never throws. */
export async function openLogPosition(
  path: string,
  bootIdFile = "/proc/sys/kernel/random/boot_id",
): Promise<LogPosition> {
  const bootId = (await readFile(bootIdFile, "utf8").catch(() => "unknown")).trim();
  const stored = await readFile(path, "utf8").then(
    (text) => positionSchema.safeParse(parseJson(text)).data,
    () => undefined,
  );
  let saved = stored?.bootId === bootId ? stored.arrived : -1;
  const position: LogPosition = {
    arrived: saved,
    async save() {
      if (position.arrived === saved) return;
      saved = position.arrived;
      const text = JSON.stringify({ format: 1, bootId, arrived: position.arrived });
      await writeFile(`${path}.new`, text, { mode: 0o600 })
        .then(() => rename(`${path}.new`, path))
        .catch(() => undefined);
    },
  };
  return position;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
