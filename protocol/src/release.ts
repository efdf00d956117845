/**
 * A release: what a developer signs (as a TUF target) and a device activates. It names every byte by digest.
 */
import { z } from "zod";
import { digestSchema, nameSchema, timeMsSchema } from "./names.ts";
import { systemSchema } from "./system.ts";

export const releaseFormat = 1;

export const artifactSchema = z.strictObject({
  digest: digestSchema,
  /** Bytes of the uncompressed canonical tar, whose SHA-256 is the digest. */
  length: z
    .number()
    .int()
    .positive()
    .max(512 * 1024 * 1024),
});

export type Artifact = z.infer<typeof artifactSchema>;

export const releaseSchema = z.strictObject({
  format: z.literal(releaseFormat),
  name: nameSchema,
  version: z.string(),
  /** Rises with every release; a device never goes below what it has committed. */
  releaseCounter: z.number().int().positive(),
  securityEpoch: z.number().int().nonnegative(),
  board: nameSchema,
  builtAtMs: timeMsSchema,
  system: systemSchema,
  artifacts: z.array(artifactSchema),
});
export type Release = z.infer<typeof releaseSchema>;

/** What runs on a device: a release, or a release with an overlay on it (its system is the effective one then). */
export const installedReleaseSchema = releaseSchema.extend({
  overlay: z
    .strictObject({
      name: nameSchema,
      overlayCounter: z.number().int().positive(),
      digest: digestSchema,
      /** The digest of the release as it was signed. */
      base: digestSchema,
    })
    .optional(),
});
export type InstalledRelease = z.infer<typeof installedReleaseSchema>;

/** The name of a release among the TUF targets of its project. */
export function releaseTargetName(release: { name: string; releaseCounter: number }): string {
  return `${release.name}-${release.releaseCounter}.json`;
}
