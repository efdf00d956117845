/**
 * An overlay: what an operator signs, as a target of the delegation `overlays-<deployment>`. It says which settings of one
 * release are others on some devices, for how long; what it cannot say is in place.ts.
 */
import { z } from "zod";
import { canonicalJson } from "../canonical-json.ts";
import { deviceIdSchema } from "../command-channel.ts";
import { sha256 } from "../crypto.ts";
import { delegationName } from "../delegation.ts";
import { BulkheadError } from "../errors.ts";
import { describeMisfit } from "../misfit.ts";
import { digestSchema, nameSchema, timeMsSchema } from "../names.ts";
import { placeSchema } from "./place.ts";
import { overlayValueSchema } from "./range.ts";

export const overlayFormat = 1;
/** A thousand values of a hundred bytes; a device reads it whole. */
export const maxOverlayBytes = 256 * 1024;

export const overlaySchema = z.strictObject({
  format: z.literal(overlayFormat),
  overlay: nameSchema,
  deployment: nameSchema,
  /** Rises with every overlay of the deployment; a device never goes back for the same release. */
  overlayCounter: z.number().int().positive(),
  /** The release that it is for, by its digest. */
  base: digestSchema,
  /** Null: every device of the deployment. */
  devices: z.array(deviceIdSchema).min(1).max(1024).nullable(),
  /** No device takes it from then on; one that runs it runs on. */
  expiresMs: timeMsSchema,
  values: z
    .record(placeSchema, overlayValueSchema)
    .refine((values) => Object.keys(values).length > 0, "an overlay sets something")
    .refine((values) => Object.keys(values).length <= 1024, "an overlay sets at most 1024 values"),
});
export type Overlay = z.infer<typeof overlaySchema>;

/** The name of an overlay among the targets of its delegation. */
export function overlayTargetName(overlay: Pick<Overlay, "deployment" | "overlay" | "overlayCounter">): string {
  const { path } = delegationName({ deployment: overlay.deployment });
  return path.replace("*", `${overlay.overlay}-${overlay.overlayCounter}.json`);
}

/** Reads what was signed: canonical, and of the form above. Throws OVERLAY_INVALID. */
export function parseOverlay(text: string, where: string): { document: Overlay; digest: string } {
  const document = parse(text, where);
  if (canonicalJson(document) === text) return { document, digest: sha256(text) };
  throw new BulkheadError("OVERLAY_INVALID", `${where} is not in canonical form`, {
    remedy: "sign it anew with `bulkhead overlay sign`, which writes it so",
  });
}

function parse(text: string, where: string): Overlay {
  try {
    return overlaySchema.parse(JSON.parse(text));
  } catch (cause) {
    const why = cause instanceof z.ZodError ? describeMisfit(cause, 300) : "it is not JSON";
    throw new BulkheadError("OVERLAY_INVALID", `${where} is not an overlay of a known form: ${why}`, {
      cause,
      remedy: "sign it anew with `bulkhead overlay sign`",
    });
  }
}
