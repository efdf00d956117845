/**
 * The gate: the verifier's face to the agent. The agent brings bytes and commands; the verifier judges them and alone
 * tells the root server to act.
 */
import { commandEnvelopeSchema, digestSchema, key32Schema, overlayNameSchema } from "@bulkhead/protocol";
import { z } from "zod";
import { defineInterface } from "../interface.ts";

const verdict = z.strictObject({
  accepted: z.boolean(),
  /** A code of the error table, or null where accepted. */
  code: z.string().nullable(),
  message: z.string(),
  /** What an operator signs next, where that was asked for. */
  challenge: key32Schema.optional(),
});
export type Verdict = z.infer<typeof verdict>;

const asked = z.strictObject({
  target: z.string().max(128),
  releaseDigest: digestSchema,
  /** To be put on it: `/staging/targets/<digest>.<name>-<counter>.json`. */
  overlay: overlayNameSchema.optional(),
  /** What is to come of it, where somebody has said so: the digest of the release, or of release and overlay together. Anything else is refused. */
  meant: digestSchema.optional(),
});

export const gateInterface = defineInterface({
  name: "gate",
  operations: {
    /**
     * Which artifacts of a staged, signed release are not on the device yet? Judges the metadata in
     * `/staging/metadata` and the release in `/staging/targets` first.
     */
    examine: {
      arguments: asked,
      result: z.strictObject({
        verdict,
        missing: z.array(z.strictObject({ digest: digestSchema, length: z.number().int() })),
        /** What installing it takes on the disk beside those: what is endorsed, and what is installed of that. */
        roomBytes: z.number().int().nonnegative(),
      }),
      idempotent: true,
    },
    /** All artifacts are staged (`/staging/blobs/<digest>`): judge them and, where good, activate the release. */
    install: {
      arguments: asked,
      result: verdict,
      idempotent: false,
    },
    /** A command that reaches into the device: checked, and passed on where allowed. */
    command: { arguments: commandEnvelopeSchema, result: verdict, idempotent: true },
  },
});
