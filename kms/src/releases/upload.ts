/** An upload: offline-signed metadata over blobs that are here already, taken as a whole or not at all. */
import { BulkheadError } from "@bulkhead/protocol";
import { and, eq } from "drizzle-orm";
import type { ReleaseSummary, UploadAnswer } from "../api/index.ts";
import type { Database, Queries, Scope } from "../database/index.ts";
import { releases } from "../database/schema.ts";
import type { Instance } from "../instance/index.ts";
import type { Blobs } from "./blobs.ts";
import { storeOverlays } from "./overlays.ts";
import { changeRepository, newestMetadata, parseRoot, signRepository, writeMetadata } from "./repository.ts";
import { extendRootChain } from "./root-chain.ts";
import type { SignedFile } from "./signing.ts";
import { type NamedRelease, parseTargets, readReleases, standingIn } from "./targets.ts";

export type UploadOptions = {
  blobs: Blobs;
  instance: Instance;
  /** False: signatures of the offline keys are not looked at. The devices' own check is the one that counts. */
  verify: boolean;
};

export type Upload = {
  roots: Record<string, string>;
  targets?: string | undefined;
  overlays?: Record<string, string>;
};

/** Errors: CONFLICT, REQUEST_INVALID, RELEASE_INVALID, RELEASE_METADATA_INVALID, RELEASE_SIGNATURE_INVALID, OVERLAY_…. */
export async function uploadRelease(
  database: Database,
  scope: Scope,
  upload: Upload,
  options: UploadOptions,
): Promise<UploadAnswer> {
  return changeRepository(database, scope, async (transaction) => {
    const newest = await newestMetadata(transaction, scope, "root");
    const added = extendRootChain(newest, upload.roots, options.verify);
    for (const file of added) await writeMetadata(transaction, scope, file);
    const rootFile = added.at(-1) ?? newest;
    if (!rootFile) {
      throw new BulkheadError("RELEASE_METADATA_INVALID", "this KMS has no root yet and the upload has none", {
        remedy: "send 1.root.json along with the first upload",
      });
    }
    const stored = await storeReleases(transaction, scope, upload, rootFile, options);
    const targets = await newestMetadata(transaction, scope, "targets");
    const lists = await storeLists(transaction, scope, upload, targets, options);
    if (added.length + lists > 0 || upload.targets !== undefined) {
      await signRepository(transaction, scope, options.instance, Date.now());
    }
    return { releases: stored, targetsVersion: targets?.version ?? null, rootVersion: rootFile.version };
  });
}

async function storeReleases(
  transaction: Queries,
  scope: Scope,
  { targets }: Upload,
  rootFile: SignedFile,
  options: UploadOptions,
): Promise<ReleaseSummary[]> {
  const root = parseRoot(rootFile);
  if (targets === undefined) return [];
  return storeTargets(transaction, scope, targets, parseTargets(targets, options.verify ? root : undefined), options);
}

/** Under the newest targets, which may have come with them. Answers how many there were. */
async function storeLists(
  transaction: Queries,
  scope: Scope,
  { overlays = {} }: Upload,
  targets: SignedFile | undefined,
  { verify, blobs }: UploadOptions,
): Promise<number> {
  const lists = Object.entries(overlays);
  if (lists.length === 0) return 0;
  if (targets === undefined) {
    throw new BulkheadError("RELEASE_METADATA_INVALID", "this KMS has no targets, which would name overlay keys", {
      remedy: "send the newest targets along",
    });
  }
  const verifyWith = verify ? parseTargets(targets.content, undefined) : undefined;
  for (const [name, content] of lists) await storeOverlays(transaction, scope, { name, content, verifyWith }, blobs);
  return lists.length;
}

async function storeTargets(
  transaction: Queries,
  scope: Scope,
  content: string,
  targets: ReturnType<typeof parseTargets>,
  { blobs }: UploadOptions,
): Promise<ReleaseSummary[]> {
  const { version } = targets.signed;
  const newest = await newestMetadata(transaction, scope, "targets");
  if (newest && version <= newest.version && content !== newest.content) {
    throw new BulkheadError(
      "CONFLICT",
      `targets version ${version} is not above version ${newest.version}, which is here`,
      {
        remedy: "sign again on top of the newest targets file",
      },
    );
  }
  const named = await readReleases(targets, blobs);
  await writeMetadata(transaction, scope, { name: `${version}.targets.json`, version, content });
  const inserted = await insertReleases(transaction, scope, named);
  return inserted.map((one) => ({ ...one, ...standingIn(targets, one) }));
}

async function insertReleases(
  transaction: Queries,
  scope: Scope,
  named: NamedRelease[],
): Promise<(NamedRelease & Pick<ReleaseSummary, "uploadedAtMs">)[]> {
  if (named.length === 0) return [];
  const uploadedAtMs = Date.now();
  const rows = named.map((one) => ({ ...one, scope: scope.id, uploadedAtMs }));
  const inserted = await transaction.insert(releases).values(rows).onConflictDoNothing().returning();
  // The same release can be encrypted anew, for others: what is signed now is what devices are to fetch.
  for (const { digest, envelope, lengthBytes } of named) {
    const isIt = and(eq(releases.scope, scope.id), eq(releases.digest, digest));
    await transaction.update(releases).set({ envelope, lengthBytes }).where(isIt);
  }
  return inserted.map(({ scope: _scope, ...summary }) => summary);
}
