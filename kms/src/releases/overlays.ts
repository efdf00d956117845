/**
 * Overlays: lists that operators signed under what the targets pass on, over documents that are here as blobs. Looked at as a
 * device will; the device's own look is the one that counts.
 */
import {
  applyOverlay,
  BulkheadError,
  digestSchema,
  maxOverlayBytes,
  maxReleaseBytes,
  type Overlay,
  overlayTargetName,
  parseOverlay,
  type Release,
  releaseSchema,
} from "@bulkhead/protocol";
import { Metadata, MetadataKind, type TargetFile, type Targets } from "@tufjs/models";
import { and, desc, eq } from "drizzle-orm";
import type { OverlaySummary } from "../api/index.ts";
import type { Queries, Scope } from "../database/index.ts";
import { overlays } from "../database/schema.ts";
import type { Blobs } from "./blobs.ts";
import { newestMetadata, writeMetadata } from "./repository.ts";

/** The newest first. */
export async function listOverlays(database: Queries, scope: Scope): Promise<OverlaySummary[]> {
  return database
    .select(visible)
    .from(overlays)
    .where(eq(overlays.scope, scope.id))
    .orderBy(desc(overlays.overlayCounter));
}

/** Errors: NOT_FOUND. */
export async function getOverlay(database: Queries, scope: Scope, digest: string): Promise<OverlaySummary> {
  const [overlay] = await database
    .select(visible)
    .from(overlays)
    .where(and(eq(overlays.scope, scope.id), eq(overlays.digest, digest)));
  if (overlay) return overlay;
  throw new BulkheadError("NOT_FOUND", `no overlay ${digest} was uploaded, or it is signed no more`, {
    remedy: "sign it and upload that; the list of overlays shows what is here",
  });
}

export type UploadedOverlays = {
  /** `<version>.overlays-<deployment>.json` */
  readonly name: string;
  readonly content: string;
  /** What passes the role on; undefined: signatures are not looked at. */
  readonly verifyWith: Metadata<Targets> | undefined;
};

/**
 * Takes a list in the place of the one before. Errors: CONFLICT, REQUEST_INVALID (a blob is missing), OVERLAY_…,
 * RELEASE_METADATA_INVALID.
 */
export async function storeOverlays(
  transaction: Queries,
  scope: Scope,
  { name, content, verifyWith }: UploadedOverlays,
  blobs: Blobs,
): Promise<void> {
  const [version = "", role = ""] = name.split(".");
  const deployment = role.replace("overlays-", "");
  const list = parseList(name, content, verifyWith);
  const newest = await newestMetadata(transaction, scope, role);
  const { version: own } = list.signed;
  if (own !== Number(version)) throw invalid(`${name} says that it is version ${own}`);
  if (newest && own <= newest.version && content !== newest.content) {
    throw new BulkheadError("CONFLICT", `${name} is not above version ${newest.version}, which is here`, {
      remedy: "sign again on top of the newest list",
    });
  }
  const read: (OverlaySummary & { scope: string })[] = [];
  for (const target of Object.values(list.signed.targets)) {
    read.push({ ...(await readOverlay(target, deployment, blobs)), scope: scope.id });
  }
  await writeMetadata(transaction, scope, { name, version: own, content });
  // What the newest list does not name is signed no more.
  await transaction.delete(overlays).where(and(eq(overlays.scope, scope.id), eq(overlays.deployment, deployment)));
  if (read.length > 0) await transaction.insert(overlays).values(read);
}

function parseList(name: string, content: string, verifyWith: Metadata<Targets> | undefined): Metadata<Targets> {
  const role = name.replace(/^\d+\./, "").replace(/\.json$/, "");
  let list: Metadata<Targets>;
  try {
    list = Metadata.fromJSON(MetadataKind.Targets, JSON.parse(content));
  } catch (cause) {
    throw invalid(`${name} is not TUF metadata`, cause);
  }
  try {
    verifyWith?.verifyDelegate(role, list);
    return list;
  } catch (cause) {
    throw new BulkheadError("OVERLAY_SIGNATURE_INVALID", `${name} is not signed by the keys that the targets name`, {
      remedy: "sign with the deployment's overlay keys, and upload targets that name them; devices would refuse it",
      cause,
    });
  }
}

async function readOverlay(target: TargetFile, deployment: string, blobs: Blobs): Promise<OverlaySummary> {
  const digest = target.hashes["sha256"] ?? "";
  const { document } = parseOverlay(await readBlob(blobs, digest, maxOverlayBytes, target.path), target.path);
  const { overlay: name, overlayCounter, base, devices, expiresMs } = document;
  if (overlayTargetName(document) !== target.path || document.deployment !== deployment) {
    throw new BulkheadError("OVERLAY_INVALID", `${target.path} holds ${overlayTargetName(document)}`);
  }
  const effectiveDigest = await effectiveOf(target, document, digest, blobs);
  return {
    ...{ digest, target: target.path, name, deployment, overlayCounter, base, devices, expiresMs, effectiveDigest },
    uploadedAtMs: Date.now(),
  };
}

/** Of an encrypted release nobody here can say it: then the one counts that who signed has noted. */
async function effectiveOf(target: TargetFile, document: Overlay, digest: string, blobs: Blobs): Promise<string> {
  const noted = digestSchema.safeParse((target.custom as { effectiveDigest?: unknown } | undefined)?.effectiveDigest);
  if (noted.success && (await blobs.lengthOf(document.base)) === undefined) return noted.data;
  return applyOverlay(await readBase(blobs, document), { document, digest }).digest;
}

async function readBase(blobs: Blobs, { base, overlay }: Overlay): Promise<Release> {
  const text = await readBlob(blobs, base, maxReleaseBytes, `the release that ${overlay} is for`);
  return releaseSchema.parse(JSON.parse(text));
}

async function readBlob(blobs: Blobs, digest: string, maxBytes: number, what: string): Promise<string> {
  if (!/^[0-9a-f]{64}$/.test(digest)) throw invalid(`${what} has no SHA-256`);
  const lengthBytes = await blobs.lengthOf(digest);
  if (lengthBytes !== undefined && lengthBytes <= maxBytes) {
    return Buffer.concat(await blobs.read(digest).toArray()).toString();
  }
  const problem =
    lengthBytes === undefined ? "is not here" : `is longer than the ${maxBytes} bytes that a device takes`;
  throw new BulkheadError("REQUEST_INVALID", `blob ${digest}, ${what}, ${problem}`, {
    remedy: `PUT /api/v1/blobs/${digest} first`,
  });
}

function invalid(message: string, cause?: unknown): BulkheadError {
  return new BulkheadError("RELEASE_METADATA_INVALID", message, { cause });
}

const visible = {
  digest: overlays.digest,
  target: overlays.target,
  name: overlays.name,
  deployment: overlays.deployment,
  overlayCounter: overlays.overlayCounter,
  base: overlays.base,
  devices: overlays.devices,
  expiresMs: overlays.expiresMs,
  effectiveDigest: overlays.effectiveDigest,
  uploadedAtMs: overlays.uploadedAtMs,
};
