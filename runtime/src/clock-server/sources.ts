/** What the clock server reads when it starts, and what it keeps: the kernel's clocks, an RTC, the last time that was seen. */
import { readFile } from "node:fs/promises";
import { openStorage } from "@bulkhead/sdk";
import { z } from "zod";

/** Microseconds since the host started (CLOCK_MONOTONIC, clock_gettime(2)); it never goes back. */
export function monotonicUs(): number {
  return Number(process.hrtime.bigint() / 1000n);
}

/** Seconds since 1970 as the kernel reads them from the board's RTC (rtc(4), sysfs); null where there is none. */
export async function readRtc(path: string): Promise<number | null> {
  const text = await readFile(path, "utf8").catch(() => "");
  return /^\d{1,11}\s*$/.test(text) ? Number(text) * 1000 : null;
}

const keptSchema = z.strictObject({ timeMs: z.number().int().nonnegative() });

export type LastSeen = { read(): Promise<number | null>; write(timeMs: number): Promise<void> };

/** The last time seen, in a file of `directory` that survives a power cut. What cannot be read was never written. */
export function openLastSeen(directory: string): LastSeen {
  const storage = openStorage(directory);
  return {
    async read() {
      const bytes = await storage.read("last-seen.json").catch(() => undefined);
      if (!bytes) return null;
      try {
        return keptSchema.parse(JSON.parse(Buffer.from(bytes).toString())).timeMs;
      } catch {
        return null;
      }
    },
    write: (timeMs) => storage.writeAtomic("last-seen.json", JSON.stringify({ timeMs })),
  };
}
