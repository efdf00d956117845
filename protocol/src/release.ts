/**
 * A release: what a developer signs (as a TUF target) and a device activates. It names every byte by digest.
 */
import { z } from "zod";
import { baseSystemSchema, blobsOf } from "./base-system.ts";
import { BulkheadError } from "./errors.ts";
import { digestSchema, nameSchema, timeMsSchema } from "./names.ts";
import { maxBlobBytes, maxReleaseArtifactsBytes } from "./release-bounds.ts";
import { releaseCounterSchema } from "./rollback.ts";
import { systemSchema } from "./system.ts";

export const releaseFormat = 1;

export const artifactSchema = z.strictObject({
  digest: digestSchema,
  /** Bytes of the uncompressed canonical tar, whose SHA-256 is the digest. */
  length: z.number().int().positive().max(maxBlobBytes),
});

export type Artifact = z.infer<typeof artifactSchema>;

export const releaseSchema = z.strictObject({
  format: z.literal(releaseFormat),
  name: nameSchema,
  version: z.string(),
  /** Rises with every release; a device goes below what it has committed by a rollback statement alone. */
  releaseCounter: releaseCounterSchema,
  securityEpoch: z.number().int().nonnegative(),
  board: nameSchema,
  builtAtMs: timeMsSchema,
  system: systemSchema,
  artifacts: z.array(artifactSchema),
  /** The base system that it runs on, and no other. Absent: whichever the board has. */
  baseSystem: baseSystemSchema.optional(),
});
export type Release = z.infer<typeof releaseSchema>;

/** A release that is made or signed: no device takes one beyond the bound. Throws RELEASE_INVALID, and what the schema says of other values. */
export function parseNewRelease(value: unknown): Release {
  const release = releaseSchema.parse(value);
  const bytes = [...release.artifacts, ...blobsOf(release.baseSystem)].reduce((sum, { length }) => sum + length, 0);
  if (bytes <= maxReleaseArtifactsBytes) return release;
  throw new BulkheadError(
    "RELEASE_INVALID",
    `the artifacts of ${release.name} have ${bytes} bytes together, a device takes ${maxReleaseArtifactsBytes}`,
    { remedy: "leave out components or files of them, or make them smaller" },
  );
}

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

/** What is signed beside a release: its bill of materials (CycloneDX), and how it was built (in-toto, in a DSSE envelope). */
export const paperKinds = ["sbom", "provenance"] as const;
export type PaperKind = (typeof paperKinds)[number];

const paperEndings: Readonly<Record<PaperKind, string>> = {
  sbom: ".sbom.cdx.json",
  provenance: ".provenance.dsse.json",
};

/** The name of a paper among the TUF targets. A release's own name has no dot before its ending, so no paper is mistaken for one. */
export function paperTargetName(release: { name: string; releaseCounter: number }, kind: PaperKind): string {
  return `${release.name}-${release.releaseCounter}${paperEndings[kind]}`;
}

/** Which paper of which release (by its target's name) a target is; undefined where it is none. */
export function paperOf(target: string): { kind: PaperKind; release: string } | undefined {
  const kind = paperKinds.find((one) => target.endsWith(paperEndings[one]));
  return kind && { kind, release: `${target.slice(0, -paperEndings[kind].length)}.json` };
}
