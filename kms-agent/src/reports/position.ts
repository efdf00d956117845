/**
 * How far a source was carried, to the KMS or to the store, kept over a restart of the agent. Written without fsync, for
 * losing it costs only what comes twice. It counts for one start of the host: after it sources number anew.
 */
import { readFile, rename, writeFile } from "node:fs/promises";
import { parseJson } from "@bulkhead/protocol";
import { z } from "zod";

export type Position<T> = {
  /** The last that arrived there. */
  arrived: T;
  readonly bootId: string;
  /** Writes it down where it changed; one that cannot be written is not worth an error. */
  save: () => Promise<void>;
};

export type PositionOptions<T> = {
  readonly path: string;
  readonly schema: z.ZodType<T>;
  /** Where nothing has arrived yet. */
  readonly beginning: T;
  readonly bootIdFile?: string;
};

/** The position stored at `path` where it was stored since the host started; else the beginning. Never throws. */
export async function openPosition<T>(options: PositionOptions<T>): Promise<Position<T>> {
  const { path, schema, beginning, bootIdFile = "/proc/sys/kernel/random/boot_id" } = options;
  const positionSchema = z.strictObject({ format: z.literal(1), bootId: z.string(), arrived: schema });
  const bootId = (await readFile(bootIdFile, "utf8").catch(() => "unknown")).trim();
  const stored = await readFile(path, "utf8").then(
    (text) => positionSchema.safeParse(parseJson(text)).data,
    () => undefined,
  );
  const arrived = stored?.bootId === bootId ? stored.arrived : beginning;
  let saved = JSON.stringify(arrived);
  const position: Position<T> = {
    arrived,
    bootId,
    async save() {
      if (JSON.stringify(position.arrived) === saved) return;
      saved = JSON.stringify(position.arrived);
      const text = JSON.stringify({ format: 1, bootId, arrived: position.arrived });
      await writeFile(`${path}.new`, text, { mode: 0o600 })
        .then(() => rename(`${path}.new`, path))
        .catch(() => undefined);
    },
  };
  return position;
}
