/**
 * The clock that expiry is judged by: the host's, but never before the floor. Only times that the offline keys signed
 * raise the floor (a release's build time), so a hostile time server or KMS can neither turn it back nor set it to the
 * year 2100 and end all updates.
 */
import { join } from "node:path";
import { timeMsSchema } from "@bulkhead/protocol";
import { z } from "zod";
import { readRecord, writeRecord } from "./own-record.ts";

export type FloorClock = {
  /** Milliseconds since 1970: the later of the host's clock and the floor. */
  now(): number;
  readonly floorMs: number;
  /** Raises the floor to a time that an offline key signed; lower times change nothing. */
  raise(signedTimeMs: number): Promise<void>;
};

/** Opens the clock whose floor is kept in `directory`. `initialMs`: build time of the release that runs. */
export async function openFloorClock(
  directory: string,
  initialMs: number,
  host: () => number = Date.now,
): Promise<FloorClock> {
  const file = join(directory, "clock-floor.json");
  const schema = z.strictObject({ floorMs: timeMsSchema });
  // A damaged floor must not stop updates for ever: what runs was signed, so its build time is a floor as well.
  const stored = await readRecord(file, schema).catch(() => undefined);
  let floorMs = Math.max(stored?.floorMs ?? 0, initialMs);
  return {
    now: () => Math.max(host(), floorMs),
    get floorMs() {
      return floorMs;
    },
    async raise(signedTimeMs) {
      if (signedTimeMs <= floorMs) return;
      await writeRecord(file, { floorMs: signedTimeMs });
      floorMs = signedTimeMs;
    },
  };
}
