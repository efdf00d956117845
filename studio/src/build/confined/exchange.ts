/** What goes into the sandbox of a build, and what comes out of it beside the files. */
import { type ErrorCode, isErrorCode } from "@bulkhead/protocol";
import { z } from "zod";

const text = z.string();

export const orderSchema = z.strictObject({
  manifest: text,
  outDir: text,
  releaseCounter: z.int(),
  securityEpoch: z.int(),
  builtAtMs: z.int(),
  addOns: z.record(text, z.array(z.strictObject({ name: text, path: text, sources: z.array(text) }))),
});
export type Order = z.infer<typeof orderSchema>;

const reportSchema = z.strictObject({
  code: z.custom<ErrorCode>(isErrorCode),
  message: text,
  place: z.strictObject({ file: text, line: z.int(), column: z.int() }).optional(),
  remedy: text.optional(),
});

export const answerSchema = z.union([
  z.strictObject({
    contents: z.array(
      z.strictObject({ component: text, image: text, runner: text, digest: text, files: z.array(text) }),
    ),
  }),
  z.strictObject({ errors: z.array(reportSchema).min(1) }),
]);
