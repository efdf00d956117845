/** The papers beside a release, as the newest targets name them: for people who want to know what it is made of and how. */
import { BulkheadError, type PaperKind, paperTargetName } from "@bulkhead/protocol";
import type { Paper, ReleaseSummary } from "../api/index.ts";
import type { Queries, Scope } from "../database/index.ts";
import type { Blobs } from "./blobs.ts";
import { newestMetadata } from "./repository.ts";
import { parseTargets } from "./targets.ts";

/** Errors: NOT_FOUND where the release has no such paper, or is no longer among the targets. */
export async function getPaper(
  database: Queries,
  scope: Scope,
  blobs: Blobs,
  release: ReleaseSummary,
  kind: PaperKind,
): Promise<Paper> {
  const newest = await newestMetadata(database, scope, "targets");
  const files = newest === undefined ? {} : parseTargets(newest.content, undefined).signed.targets;
  const target = paperTargetName(release, kind);
  const digest = files[target]?.hashes["sha256"];
  // A target of this name can be another release by now: its papers are not this one's.
  if (digest === undefined || files[release.target]?.hashes["sha256"] !== (release.envelope ?? release.digest)) {
    throw new BulkheadError("NOT_FOUND", `${release.target} has no ${kind} among the signed targets`, {
      remedy: "sign it again, as it was built, together with what `bulkhead build` wrote beside it",
    });
  }
  return { kind, target, digest, text: Buffer.concat(await blobs.read(digest).toArray()).toString() };
}
