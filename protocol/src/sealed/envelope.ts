/**
 * The envelope of an encrypted release: what stands among the signed targets in the place of `release.json`, and all of it that the management
 * service and the agent see. What is inside is known by its digest, which the envelope names and the targets repeat.
 */
import { z } from "zod";
import { canonicalJson, type Json } from "../canonical-json.ts";
import { BulkheadError } from "../errors.ts";
import { describeMisfit } from "../misfit.ts";
import { digestSchema, key32Schema, nameSchema } from "../names.ts";
import { artifactSchema, type Release, releaseSchema } from "../release.ts";
import { maxReleaseBytes } from "../release-bounds.ts";

export const envelopeFormat = 1;
/** More devices' deployments than one release is made for; each makes every file longer by 100 bytes. */
export const maxRecipients = 16;

/** X25519 public keys, of which one opens what is encrypted. */
export const recipientsSchema = z
  .array(key32Schema)
  .min(1)
  .max(maxRecipients)
  .refine((keys) => new Set(keys).size === keys.length, "a recipient is named once");

export const envelopeSchema = z.strictObject({
  envelope: z.literal(envelopeFormat),
  name: nameSchema,
  version: z.string().max(64),
  releaseCounter: z.number().int().positive(),
  board: nameSchema,
  /** Of `release.json`: the release's own digest, by which devices, overlays and the management service know it. */
  release: digestSchema,
  recipients: recipientsSchema,
  /** An age file, as base64: `contentSchema`, compressed by brotli. */
  content: z.base64().max(maxReleaseBytes),
  /** What devices fetch, as it is stored: of what is encrypted the digest and length of the encrypted file. */
  blobs: z.array(artifactSchema).max(4096),
});
export type Envelope = z.infer<typeof envelopeSchema>;

/** What is in an envelope. */
export const contentSchema = z.strictObject({
  /** `release.json`, as it was built. */
  release: z.string().max(maxReleaseBytes),
  /** Artifacts by their digests, and the encrypted file that each is in. What is not among them is stored as it is. */
  sealed: z.record(digestSchema, digestSchema),
});
export type EnvelopeContent = z.infer<typeof contentSchema>;

/** True where the target's bytes say that they are an envelope; whether they are a good one, `parseEnvelope` says. */
export function isEnvelope(document: unknown): boolean {
  return typeof document === "object" && document !== null && Object.hasOwn(document, "envelope");
}

/** Reads what was signed: canonical, and of the form above. Throws RELEASE_INVALID. */
export function parseEnvelope(text: string, where: string): Envelope {
  return parseCanonical(text, where, envelopeSchema);
}

/** Reads what was in it. Throws RELEASE_INVALID where it is not what the envelope says that it is. */
export function parseContent(text: string, envelope: Envelope, where: string): EnvelopeContent {
  const content = parse(text, where, contentSchema);
  const stored = new Set(envelope.blobs.map(({ digest }) => digest));
  if (Object.values(content.sealed).every((digest) => stored.has(digest))) return content;
  throw invalid(`${where} names files that its envelope does not list`);
}

/** What the envelope shows of a release must be what the release says. Throws RELEASE_INVALID. */
export function checkEnvelope({ name, version, releaseCounter, board }: Envelope, release: Release): void {
  const isSame =
    name === release.name &&
    version === release.version &&
    releaseCounter === release.releaseCounter &&
    board === release.board;
  if (!isSame)
    throw invalid(`the envelope of ${name}-${releaseCounter} holds ${release.name}-${release.releaseCounter}`);
}

/** Reads a release's text: canonical, as everything is that is signed. Throws RELEASE_INVALID. */
export function parseReleaseText(text: string, where: string): Release {
  return parseCanonical(text, where, releaseSchema);
}

function parseCanonical<S extends z.ZodType<Json>>(text: string, where: string, schema: S): z.infer<S> {
  const document = parse(text, where, schema);
  if (isCanonical(document, text)) return document;
  throw invalid(`${where} is not in canonical form`);
}

function isCanonical(document: Json, text: string): boolean {
  try {
    return canonicalJson(document) === text;
  } catch {
    // A number that no canonical form has.
    return false;
  }
}

function parse<S extends z.ZodType>(text: string, where: string, schema: S): z.infer<S> {
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    const why = cause instanceof z.ZodError ? describeMisfit(cause, 300) : "it is not JSON";
    throw invalid(`${where} is not of a known form: ${why}`, cause);
  }
}

function invalid(message: string, cause?: unknown): BulkheadError {
  return new BulkheadError("RELEASE_INVALID", message, { cause, remedy: "build and sign it again" });
}
