/** A use as written: where a channel goes, and what the client may do on it. */
import { z } from "zod";
import type { Json } from "../canonical-json.ts";
import { rate, sizeBytes } from "./quantities.ts";

/**
 * Settings that the compiler passes on without looking into them. Only integers: the system is signed as canonical
 * JSON, where 0.1 would have more than one form.
 */
const setting: z.ZodType<Json> = z.lazy(() =>
  z.union([
    z.null(),
    z.boolean(),
    z.string().max(4096),
    z.int("numbers are integers here; put the unit in the name (levelMilliC: 26500)"),
    z.array(setting).max(256),
    z.record(z.string().max(64), setting),
  ]),
);
export const settings = z.record(z.string().max(64), setting);

const reference = z
  .string()
  .regex(
    /^[a-z][a-z0-9-]{0,31}\.[a-z][a-z0-9-]{0,31}$/,
    "a channel goes to `<component>.<service>`, for example i2c.device",
  )
  .meta({ description: "The provider and its service: `<component>.<service>`.", examples: ["clock-server.time"] });

/** `thermometer: i2c.device`, or with limits: `{ from: i2c.device, grant: {…}, dependency: weak }`. */
export const useWritten = z.union([
  reference,
  z.strictObject({
    from: reference,
    grant: settings
      .optional()
      .describe("Limits that the provider enforces on this channel, in the form that its interface takes."),
    dependency: z
      .enum(["strong", "weak"])
      .optional()
      .describe("strong (default): stopped and started with its provider. weak: only told when the provider goes."),
    operations: z
      .array(z.string().regex(/^[a-zA-Z][a-zA-Z0-9]{0,63}$/, "an operation is a name: setLevel"))
      .min(1)
      .max(256)
      .optional()
      .describe("The only operations that may be called. Default: all of the interface."),
    inspect: z
      .boolean()
      .optional()
      .describe("The message server stands in the middle: a second check that does not trust the provider."),
    rate: rate.optional().describe("Calls and notifications that an inspected channel lets through per second."),
    lease: sizeBytes.optional().describe("Shared memory for bulk data; whole pages of 4Ki. Counts as memory."),
  }),
]);
export type UseWritten = z.output<typeof useWritten>;
