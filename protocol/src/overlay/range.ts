/** What a release lets overlays set: a type and its bounds, and whether a value is within them. Pure. */
import { z } from "zod";
import { nameSchema } from "../names.ts";

const words = z
  .string()
  .max(4096)
  // Half a surrogate pair has no form in UTF-8, so what is signed must not hold one.
  .refine((text) => !/\p{Surrogate}/u.test(text), "the text is not valid Unicode");

/** What can stand at a place that overlays may set. */
export const overlayValueSchema = z.union([z.number().int(), words, z.boolean(), z.array(nameSchema).max(32)]);
export type OverlayValue = z.infer<typeof overlayValueSchema>;

export const overlayRangeSchema = z.discriminatedUnion("type", [
  /** Both ends are within. */
  z.strictObject({ type: z.literal("integer"), min: z.number().int(), max: z.number().int() }),
  z.strictObject({ type: z.literal("text"), maxLength: z.number().int().min(1).max(4096) }),
  z.strictObject({
    type: z.literal("choice"),
    of: z
      .array(z.union([z.number().int(), words]))
      .min(1)
      .max(64),
  }),
  z.strictObject({ type: z.literal("boolean") }),
  /** A list of some of these, each at most once. */
  z.strictObject({ type: z.literal("subset"), of: z.array(nameSchema).max(32) }),
]);
export type OverlayRange = z.infer<typeof overlayRangeSchema>;

/** What is within `range`, in words that follow "it is". */
export function describeRange(range: OverlayRange): string {
  switch (range.type) {
    case "integer":
      return `an integer from ${range.min} to ${range.max}`;
    case "text":
      return `text of at most ${range.maxLength} characters`;
    case "choice":
      return `one of ${range.of.join(", ")}`;
    case "boolean":
      return "true or false";
    case "subset":
      return `a list of some of ${range.of.join(", ")}`;
  }
}

/** Why `value` is not within `range`, in words that follow "it"; undefined where it is. */
export function whyUnfit(range: OverlayRange, value: unknown): string | undefined {
  return isWithin(range, value) ? undefined : `must be ${describeRange(range)}`;
}

function isWithin(range: OverlayRange, value: unknown): boolean {
  switch (range.type) {
    case "integer":
      return Number.isSafeInteger(value) && Number(value) >= range.min && Number(value) <= range.max;
    case "text":
      return typeof value === "string" && value.length <= range.maxLength && words.safeParse(value).success;
    case "choice":
      return range.of.some((one) => one === value);
    case "boolean":
      return typeof value === "boolean";
    case "subset":
      return isSubset(value, range.of);
  }
}

function isSubset(value: unknown, of: readonly string[]): boolean {
  if (!Array.isArray(value) || new Set(value).size !== value.length) return false;
  return value.every((one) => typeof one === "string" && of.includes(one));
}
