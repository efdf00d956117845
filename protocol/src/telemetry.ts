/** Telemetry: numbers that components publish, under names, units and bounds that the manifest grants them. */
import { z } from "zod";
import { nameSchema, timeMsSchema } from "./names.ts";

export const sampleSchema = z.strictObject({
  /** Counts up for ever per device boot, over all streams. */
  sequence: z.number().int().nonnegative(),
  atMs: timeMsSchema,
  component: nameSchema,
  stream: nameSchema,
  value: z.number(),
});
export type Sample = z.infer<typeof sampleSchema>;

/** Samples of one message between device and management service. */
export const maxSamples = 500;

export const samplesGrant = z.strictObject({
  /** What the component may publish, by name. */
  streams: z
    .record(
      nameSchema,
      z
        .strictObject({
          /** As people read it: `°C`, `rpm`. */
          unit: z.string().regex(/^[\p{L}\p{N}\p{S}%/.·²³ ]{1,16}$/u, "a unit is 1 to 16 letters, digits and signs"),
          /** Values beyond these are refused; where they are left out any number goes. */
          min: z.number().int().optional(),
          max: z.number().int().optional(),
        })
        .refine(({ min, max }) => min === undefined || max === undefined || min < max, "min must be below max"),
    )
    .refine((streams) => Object.keys(streams).length > 0, "at least one stream")
    .refine((streams) => Object.keys(streams).length <= 32, "at most 32 streams"),
  /** Samples of all its streams together. Default: 60. */
  perMinute: z.number().int().min(1).max(6000).optional(),
});
export type SamplesGrant = z.infer<typeof samplesGrant>;
