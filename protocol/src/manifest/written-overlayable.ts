/** What overlays may set of a component, as written: each with its type and bounds. */
import { z } from "zod";
import { sizeBytes } from "./quantities.ts";

const rangeWritten = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("integer").describe("A whole number."),
    min: z.int().describe("The least that it may be."),
    max: z.int().describe("The most that it may be."),
  }),
  z.strictObject({
    type: z.literal("text").describe("Text."),
    length: z.int().min(1).max(4096).describe("The most characters that it may have."),
  }),
  z.strictObject({
    type: z.literal("choice").describe("One of several."),
    of: z
      .array(z.union([z.int(), z.string().max(4096)]))
      .min(1)
      .max(64)
      .describe("What it may be."),
  }),
  z.strictObject({ type: z.literal("boolean").describe("true or false.") }),
]);

export const overlayableWritten = z.strictObject({
  config: z
    .record(z.string().regex(/^[A-Za-z][A-Za-z0-9_-]{0,63}$/, "a setting that overlays set is a name"), rangeWritten)
    .optional()
    .describe("Settings by their keys in `config`, each with the range that its value may be in."),
  memory: z
    .strictObject({ max: sizeBytes.describe("The most memory it can be given.") })
    .optional()
    .describe("It may be given more memory."),
  network: z.literal(true).optional().describe("It may be given fewer of its proxies."),
});
export type OverlayableWritten = z.output<typeof overlayableWritten>;
