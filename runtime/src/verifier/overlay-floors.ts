/**
 * The newest overlay that was committed for a release: none before it is put on that release again, whoever keeps it. A few
 * releases are remembered; one that is older than those cannot come back either.
 */
import { join } from "node:path";
import { digestSchema } from "@bulkhead/protocol";
import { z } from "zod";
import { readOrTell, writeRecord } from "./own-record.ts";

const floorSchema = z.strictObject({
  base: digestSchema,
  overlayCounter: z.number().int().positive(),
  digest: digestSchema,
});
export type OverlayFloor = z.infer<typeof floorSchema>;
const keptFloors = 8;
const recordSchema = z.strictObject({ floors: z.array(floorSchema).max(keptFloors) });

export type OverlayFloors = {
  of(base: string): OverlayFloor | undefined;
  /** After a commit. On the disk when it returns; one that is not newer changes nothing. */
  raise(committed: OverlayFloor): Promise<void>;
};

/** Opens the record in `directory`. `damaged` is told where it cannot be read: the versions in the metadata still hold. */
export async function openOverlayFloors(directory: string, damaged: (what: string) => void): Promise<OverlayFloors> {
  const file = join(directory, "overlay-floors.json");
  const stored = await readOrTell(file, recordSchema, damaged);
  let floors = stored?.floors ?? [];
  const of = (base: string) => floors.find((floor) => floor.base === base);
  return {
    of,
    async raise({ base, overlayCounter, digest }) {
      if ((of(base)?.overlayCounter ?? 0) >= overlayCounter) return;
      const others = floors.filter((floor) => floor.base !== base);
      const next = [...others, { base, overlayCounter, digest }].slice(-keptFloors);
      await writeRecord(file, { floors: next });
      floors = next;
    },
  };
}
