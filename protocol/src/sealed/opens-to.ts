/** What signed targets say of what is encrypted: in `custom`, beside the digest of its bytes, that of what it opens to, by which it is known. */
import { z } from "zod";
import { BulkheadError } from "../errors.ts";
import { digestSchema } from "../names.ts";

const customSchema = z.object({ opensTo: digestSchema.optional() }).optional();

/** Undefined for what is readable. `target`: its name. Throws RELEASE_METADATA_INVALID where it says something else than a digest. */
export function opensToOf(custom: unknown, target: string): string | undefined {
  const parsed = customSchema.safeParse(custom);
  if (parsed.success) return parsed.data?.opensTo;
  throw new BulkheadError("RELEASE_METADATA_INVALID", `the targets do not say what ${target} opens to`, {
    cause: parsed.error,
    remedy: "sign the release again",
  });
}
