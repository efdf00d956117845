/** Releases: blobs, the TUF repository around them, and what has been uploaded. */
import { BulkheadError } from "@bulkhead/protocol";
import type { Metadata, Targets } from "@tufjs/models";
import { and, desc, eq } from "drizzle-orm";
import type { ReleaseSummary } from "../api/index.ts";
import type { Queries, Scope } from "../database/index.ts";
import { releases } from "../database/schema.ts";
import { newestMetadata } from "./repository.ts";
import { parseTargets, standingIn } from "./targets.ts";

export { type Blobs, openBlobs } from "./blobs.ts";
export { getOverlay, listOverlays } from "./overlays.ts";
export { getPaper } from "./papers.ts";
export { readMetadata, refreshRepository } from "./repository.ts";
export { type UploadOptions, uploadRelease } from "./upload.ts";

/** The newest uploads first. */
export async function listReleases(database: Queries, scope: Scope): Promise<ReleaseSummary[]> {
  const found = await database
    .select(visible)
    .from(releases)
    .where(eq(releases.scope, scope.id))
    .orderBy(desc(releases.uploadedAtMs), desc(releases.releaseCounter));
  const targets = await newestTargets(database, scope);
  return found.map((one) => ({ ...one, ...standingIn(targets, one) }));
}

/** Errors: NOT_FOUND. */
export async function getRelease(database: Queries, scope: Scope, digest: string): Promise<ReleaseSummary> {
  const [release] = await database
    .select(visible)
    .from(releases)
    .where(and(eq(releases.scope, scope.id), eq(releases.digest, digest)));
  if (release) return { ...release, ...standingIn(await newestTargets(database, scope), release) };
  throw new BulkheadError("NOT_FOUND", `no release ${digest} was uploaded`, {
    remedy: "upload it first; the list of releases shows what is here",
  });
}

async function newestTargets(database: Queries, scope: Scope): Promise<Metadata<Targets> | undefined> {
  const file = await newestMetadata(database, scope, "targets");
  return file && parseTargets(file.content, undefined);
}

/** The root that an enrolled device pins. Errors: NOT_FOUND before the first upload. */
export async function projectRoot(database: Queries, scope: Scope): Promise<string> {
  const root = await newestMetadata(database, scope, "root");
  if (root) return root.content;
  throw new BulkheadError("NOT_FOUND", "this KMS has no project root that a device could trust", {
    remedy: "upload the project's 1.root.json (POST /api/v1/releases) before the first device is enrolled",
  });
}

const visible = {
  digest: releases.digest,
  target: releases.target,
  name: releases.name,
  version: releases.version,
  releaseCounter: releases.releaseCounter,
  board: releases.board,
  lengthBytes: releases.lengthBytes,
  uploadedAtMs: releases.uploadedAtMs,
  envelope: releases.envelope,
};
