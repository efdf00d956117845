/**
 * The time as it stands, kept for the next life of this server: the monotonic clock runs on while it is away, so until the
 * host starts anew the time goes on as if nothing had been, with its quality and the KMS's word that bounds time servers.
 */
import { readFile } from "node:fs/promises";
import { timeQualitySchema } from "@bulkhead/protocol";
import { openStorage } from "@bulkhead/sdk";
import { z } from "zod";
import type { Standing } from "./time.ts";

const milliseconds = z.number().nonnegative();
const keptSchema = z.strictObject({
  format: z.literal(1),
  /** random(4), "boot_id": the monotonic clock begins anew with it. */
  bootId: z.string().min(1),
  standing: z.strictObject({
    timeMs: milliseconds,
    atUs: z.number().int().nonnegative(),
    quality: timeQualitySchema,
    errorMs: milliseconds.nullable(),
    aheadMs: milliseconds,
    kms: z
      .strictObject({ timeMs: milliseconds, errorMs: milliseconds, atUs: z.number().int().nonnegative() })
      .nullable(),
  }),
});

const fileName = "standing.json";

export type StandingPlace = {
  /** Undefined where nothing was kept since the host started. Never throws. */
  read(): Promise<Standing | undefined>;
  write(standing: Standing): Promise<void>;
};

/** `bootIdFile`: where a host says which start of it this is; one that does not say keeps nothing. */
export async function openStanding(directory: string, bootIdFile: string): Promise<StandingPlace> {
  const storage = openStorage(directory);
  const bootId = (await readFile(bootIdFile, "utf8").catch(() => "")).trim();
  return {
    async read() {
      const bytes = await storage.read(fileName).catch(() => undefined);
      const kept = parseKept(bytes);
      return kept?.bootId === bootId ? kept.standing : undefined;
    },
    async write({ timeMs, atUs, quality, errorMs, aheadMs, kms }) {
      if (bootId === "") return;
      const said = kms && { timeMs: kms.timeMs, errorMs: kms.errorMs, atUs: kms.atUs };
      const standing = { timeMs, atUs, quality, errorMs, aheadMs, kms: said };
      await storage.writeAtomic(fileName, JSON.stringify({ format: 1, bootId, standing }));
    },
  };
}

function parseKept(bytes: Uint8Array | undefined): z.infer<typeof keptSchema> | undefined {
  if (!bytes) return undefined;
  try {
    return keptSchema.parse(JSON.parse(Buffer.from(bytes).toString()));
  } catch {
    return undefined;
  }
}
