/** Requests and answers about releases: blobs first, then the metadata that names them. */
import { deviceIdSchema, digestSchema, onlyForSchema, paperKinds, timeMsSchema } from "@bulkhead/protocol";
import { z } from "@hono/zod-openapi";

/** One TUF metadata file; the size limit is above anything that tuf-js on a device accepts for a root. */
const metadataText = z
  .string()
  .min(2)
  .max(2 * 1024 * 1024);

export const uploadRequestSchema = z
  .strictObject({
    /** `<version>.root.json`, every one from the first on that the KMS lacks, as signed by the offline keys. */
    roots: z.record(z.string().regex(/^[1-9][0-9]{0,8}\.root\.json$/), metadataText).default({}),
    /** The newest targets file; may be left out to give the KMS a root only. */
    targets: metadataText.optional(),
    /** `<version>.overlays-<deployment>.json`: the newest list of each deployment that has changed. */
    overlays: z
      .record(z.string().regex(/^[1-9][0-9]{0,8}\.overlays-[a-z][a-z0-9-]{0,31}\.json$/), metadataText)
      .default({}),
  })
  .refine(
    ({ roots, targets, overlays }) =>
      targets !== undefined || Object.keys(roots).length + Object.keys(overlays).length > 0,
    "the upload holds nothing",
  )
  .openapi("UploadRequest");
export type UploadRequest = z.input<typeof uploadRequestSchema>;

export const releaseSummarySchema = z
  .object({
    digest: digestSchema,
    /** The name among the TUF targets, as a deploy command needs it. */
    target: z.string(),
    name: z.string(),
    version: z.string(),
    releaseCounter: z.number().int(),
    board: z.string(),
    lengthBytes: z.number().int(),
    uploadedAtMs: timeMsSchema,
    envelope: digestSchema.nullable().openapi({
      description: "Of an encrypted release: the digest of what is stored of it. null: it is readable here.",
    }),
    isSigned: z.boolean().openapi({
      description: "Whether the newest targets name it. No device takes one that was withdrawn.",
    }),
    rollbackFrom: z.number().int().nullable().openapi({
      description:
        "Its rollback statement: devices that have committed a release counter up to this may go back to it.",
    }),
    onlyFor: onlyForSchema.nullable().openapi({
      description:
        "The devices that take it: in one of the deployments, and one of the devices. null: any of its board.",
    }),
  })
  .openapi("Release");
export type ReleaseSummary = z.infer<typeof releaseSummarySchema>;
export const releaseListSchema = z.object({ releases: z.array(releaseSummarySchema) }).openapi("ReleaseList");

export const overlaySummarySchema = z
  .object({
    digest: digestSchema,
    /** The name among the targets, as a deploy command needs it. */
    target: z.string(),
    name: z.string(),
    deployment: z.string(),
    overlayCounter: z.number().int(),
    /** The digest of the release that it is for. */
    base: digestSchema,
    /** Null: every device of the deployment. */
    devices: z.array(deviceIdSchema).nullable(),
    expiresMs: timeMsSchema,
    /** What a device reports that runs the two. */
    effectiveDigest: digestSchema,
    uploadedAtMs: timeMsSchema,
  })
  .openapi("Overlay");
export type OverlaySummary = z.infer<typeof overlaySummarySchema>;
export const overlayListSchema = z.object({ overlays: z.array(overlaySummarySchema) }).openapi("OverlayList");

export const uploadAnswerSchema = z
  .object({
    releases: z.array(releaseSummarySchema).openapi({ description: "What this upload added." }),
    targetsVersion: z.number().int().nullable(),
    rootVersion: z.number().int(),
  })
  .openapi("UploadAnswer");
export type UploadAnswer = z.infer<typeof uploadAnswerSchema>;

export const paperSchema = z
  .object({
    kind: z
      .enum(paperKinds)
      .openapi({ description: "sbom: CycloneDX; provenance: an in-toto statement in a DSSE envelope." }),
    target: z.string(),
    /** Of `text` as it is, which the targets keys signed. */
    digest: digestSchema,
    text: z.string(),
  })
  .openapi("Paper");
export type Paper = z.infer<typeof paperSchema>;

export const blobAnswerSchema = z.object({ digest: digestSchema, lengthBytes: z.number().int() }).openapi("BlobAnswer");
export type BlobAnswer = z.infer<typeof blobAnswerSchema>;

export const metadataAnswerSchema = z
  .object({
    name: z.string(),
    version: z.number().int(),
    /** The file as it is, whose signatures are over these bytes. */
    content: z.string(),
  })
  .openapi("MetadataAnswer");
export type MetadataAnswer = z.infer<typeof metadataAnswerSchema>;
