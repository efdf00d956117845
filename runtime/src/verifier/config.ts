/** What the root server tells the verifier at its start: whom to trust, what runs, and what the board's policy waives. */
import { digestSchema, nameSchema, provisioningSchema, timeMsSchema } from "@bulkhead/protocol";
import { z } from "zod";

export const verifierConfigSchema = z.object({
  provisioning: provisioningSchema,
  /** The board this device is; a release for another is refused. */
  board: nameSchema,
  /** What runs. */
  currentReleaseDigest: digestSchema,
  /** The highest that was committed, or runs on trial: nothing else that is not beyond it is installed without a rollback statement. */
  releaseCounterFloor: z.number().int().nonnegative(),
  /** The floor; nothing below it is installed. */
  securityEpoch: z.number().int().nonnegative(),
  /** `builtAtMs` of the committed release, for the clock's floor. */
  currentReleaseBuiltAtMs: timeMsSchema.default(0),
  /** What was put on the release that runs, and the digest of the two together; absent: nothing. */
  currentOverlay: z
    .object({
      base: digestSchema,
      overlayCounter: z.number().int().positive(),
      digest: digestSchema,
      effectiveDigest: digestSchema,
    })
    .optional(),
  /** Artifacts that the root server holds already, so that nobody fetches them again. */
  installedArtifacts: z.array(digestSchema).default([]),
  /** The board's slots: which base system runs, where that says who it is. Absent: it has none. */
  slots: z.object({ base: digestSchema.optional() }).optional(),
  /** From the running system's policy: commands need no operator's signature. */
  unsignedCommands: z.boolean().default(false),
  /** Of the running system: what can be restarted. */
  components: z.array(nameSchema).default([]),
});
export type VerifierConfig = z.infer<typeof verifierConfigSchema>;

/** Directories as the verifier's sandbox has them. */
export type VerifierDirectories = {
  /** Read only; the agent writes it, so nothing in it is believed. */
  readonly staging: string;
  readonly endorsed: string;
  /** The verifier's own: metadata, clock floor, commands. */
  readonly own: string;
};

export const sandboxDirectories: VerifierDirectories = {
  staging: "/staging",
  endorsed: "/endorsed",
  own: "/verifier",
};
