/**
 * What the agent says while it takes a file in, to who brings it: one JSON document a line. The other way comes one such line, and then the file's bytes as they are.
 * Nothing of it is believed but by people: what became of the release the root server says.
 */
import { z } from "zod";
import { digestSchema } from "./names.ts";

/** A line has a message and a remedy. */
export const maxImportLineBytes = 8192;

/** `digest`: of the release that is meant; null: whichever the file has. */
export const importHandOverSchema = z.strictObject({ digest: digestSchema.nullable() });
export type ImportHandOver = z.infer<typeof importHandOverSchema>;

const byteCount = z.number().int().nonnegative();

export const importReportSchema = z.discriminatedUnion("event", [
  /** What is in the file; `effectiveDigest`: by which the device will know what runs. */
  z.strictObject({
    event: z.literal("offered"),
    target: z.string().max(100),
    effectiveDigest: digestSchema,
    expires: z.string().max(40),
  }),
  /** The release is signed for this device; of the file so much is needed. */
  z.strictObject({ event: z.literal("wanted"), blobs: byteCount, bytes: byteCount }),
  z.strictObject({ event: z.literal("taken"), bytes: byteCount }),
  /** All is there; the verifier is asked to install it. */
  z.strictObject({ event: z.literal("installing") }),
  z.strictObject({ event: z.literal("endorsed"), message: z.string().max(2000) }),
  z.strictObject({
    event: z.literal("refused"),
    code: z.string().max(64),
    message: z.string().max(2000),
    remedy: z.string().max(1000),
  }),
]);
export type ImportReport = z.infer<typeof importReportSchema>;
