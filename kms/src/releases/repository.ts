/** The TUF metadata in the database: read by name, changed only as a whole. */
import { BulkheadError } from "@bulkhead/protocol";
import { Metadata, MetadataKind, type Root } from "@tufjs/models";
import { and, asc, desc, eq, like, lte, sql } from "drizzle-orm";
import type { Database, Queries, Scope } from "../database/index.ts";
import { tufMetadata } from "../database/schema.ts";
import type { Instance } from "../instance/index.ts";
import { type SignedFile, signSnapshot, signTimestamp } from "./signing.ts";

const visible = { name: tufMetadata.name, version: tufMetadata.version, content: tufMetadata.content };
/** A device in the middle of an update may still ask for an older snapshot. */
const keptSnapshots = 3;

/** `root`, `targets`, `snapshot`, or what the targets have passed on: `overlays-<deployment>`. */
export type Role = string;

/** A metadata file by its name: `3.root.json`, `timestamp.json`; undefined where there is none. */
export async function readMetadata(database: Queries, scope: Scope, name: string): Promise<SignedFile | undefined> {
  const [file] = await database
    .select(visible)
    .from(tufMetadata)
    .where(and(eq(tufMetadata.scope, scope.id), eq(tufMetadata.name, name)));
  return file;
}

/** The newest file of a role that keeps its versions. */
export async function newestMetadata(database: Queries, scope: Scope, role: Role): Promise<SignedFile | undefined> {
  const [file] = await database
    .select(visible)
    .from(tufMetadata)
    .where(ofRole(scope, role))
    .orderBy(desc(tufMetadata.version))
    .limit(1);
  return file;
}

export async function writeMetadata(database: Queries, scope: Scope, file: SignedFile): Promise<void> {
  const { version, content } = file;
  await database
    .insert(tufMetadata)
    .values({ ...file, scope: scope.id })
    .onConflictDoUpdate({ target: [tufMetadata.scope, tufMetadata.name], set: { version, content } });
}

/** Runs `change` in a transaction that no other change of the repository overlaps. */
export async function changeRepository<T>(
  database: Database,
  scope: Scope,
  change: (transaction: Queries) => Promise<T>,
): Promise<T> {
  return database.transaction(async (transaction) => {
    await transaction.execute(sql`select pg_advisory_xact_lock(hashtext(${`tuf ${scope.id}`}))`);
    return change(transaction);
  });
}

/** Signs a new snapshot and timestamp over the newest targets; nothing where there are no targets yet. */
export async function signRepository(
  transaction: Queries,
  scope: Scope,
  instance: Instance,
  nowMs: number,
): Promise<void> {
  const targets = await newestMetadata(transaction, scope, "targets");
  const rootFile = await newestMetadata(transaction, scope, "root");
  if (!targets || !rootFile) return;
  const root = parseRoot(rootFile);
  const before = await newestMetadata(transaction, scope, "snapshot");
  const listed = [targets, ...(await newestOverlays(transaction, scope))];
  const snapshot = signSnapshot(root, listed, (before?.version ?? 0) + 1, instance, nowMs);
  await writeMetadata(transaction, scope, snapshot);
  await transaction
    .delete(tufMetadata)
    .where(and(ofRole(scope, "snapshot"), lte(tufMetadata.version, snapshot.version - keptSnapshots)));
  const timestampBefore = await readMetadata(transaction, scope, "timestamp.json");
  const version = (timestampBefore?.version ?? 0) + 1;
  await writeMetadata(transaction, scope, signTimestamp(root, snapshot, version, instance, nowMs));
}

/**
 * The newest list of each deployment. Each stays in the snapshot for ever, also when its role was taken back: a device takes no
 * snapshot that leaves out what one before named (TUF 1.0.34, section 5.5.5).
 */
async function newestOverlays(transaction: Queries, scope: Scope): Promise<SignedFile[]> {
  const files = await transaction
    .select(visible)
    .from(tufMetadata)
    .where(and(eq(tufMetadata.scope, scope.id), like(tufMetadata.name, "%.overlays-%.json")))
    .orderBy(asc(tufMetadata.version));
  return [...new Map(files.map((file) => [file.name.replace(/^\d+\./, ""), file])).values()];
}

/**
 * Signs anew when a seventh of the timestamp's life is over, so that a device can tell a frozen repository from a quiet
 * one. Returns whether it did.
 */
export async function refreshRepository(
  database: Database,
  scope: Scope,
  instance: Instance,
  nowMs: number,
): Promise<boolean> {
  return changeRepository(database, scope, async (transaction) => {
    const file = await readMetadata(transaction, scope, "timestamp.json");
    if (!file) return false;
    const timestamp = Metadata.fromJSON(MetadataKind.Timestamp, JSON.parse(file.content));
    const leftMs = Date.parse(timestamp.signed.expires) - nowMs;
    if (leftMs > refreshBelowMs) return false;
    await signRepository(transaction, scope, instance, nowMs);
    return true;
  });
}

const refreshBelowMs = 6 * 24 * 3600 * 1000;

export function parseRoot(file: SignedFile): Metadata<Root> {
  try {
    return Metadata.fromJSON(MetadataKind.Root, JSON.parse(file.content));
  } catch (cause) {
    throw new BulkheadError("RELEASE_METADATA_INVALID", `${file.name} is not a TUF root`, { cause });
  }
}

function ofRole(scope: Scope, role: Role) {
  return and(eq(tufMetadata.scope, scope.id), like(tufMetadata.name, `%.${role}.json`));
}
