/** The KMS's connection to PostgreSQL: made once, comes back by itself; applies the migrations under a lock. */
import { BulkheadError } from "@bulkhead/protocol";
import { drizzle, type PostgresJsDatabase } from "drizzle-orm/postgres-js";
import { migrate } from "drizzle-orm/postgres-js/migrator";
import postgres from "postgres";
import * as schema from "./schema.ts";

export type Database = PostgresJsDatabase<typeof schema>;
/** What queries take: the database itself or a transaction in it. */
export type Queries = Pick<Database, "select" | "insert" | "update" | "delete" | "execute">;

export type DatabaseLocation = { socketDir: string; user: string };

export type OpenDatabase = { database: Database; close(): Promise<void> };

const migrationsFolder = new URL("../../drizzle", import.meta.url).pathname;
/** Any constant will do: all Bulkhead processes that migrate take the same lock. */
const migrationLock = 0x62756c6b;

export function openDatabase(location: DatabaseLocation): OpenDatabase {
  const sql = postgres({
    ...options(location),
    max: 8,
    // The default doubles up to 20 s; PostgreSQL is on this machine and back within one.
    backoff: () => 0.2,
    connection: { application_name: "bulkhead-kms", statement_timeout: 10_000 },
  });
  return { database: drizzle(sql, { schema }), close: () => sql.end({ timeout: 2 }) };
}

/** Brings the schema up to date. Errors: what PostgreSQL answers. */
export async function migrateDatabase(location: DatabaseLocation): Promise<void> {
  // One connection of its own, for the lock belongs to the session.
  const sql = postgres({ ...options(location), max: 1 });
  try {
    await sql`select pg_advisory_lock(${migrationLock})`;
    await migrate(drizzle(sql), { migrationsFolder });
  } finally {
    await sql.end({ timeout: 2 });
  }
}

function options(location: DatabaseLocation) {
  // The cluster is ours alone, so its first database will do.
  return {
    host: location.socketDir,
    user: location.user,
    database: "postgres",
    connect_timeout: 3,
    onnotice: () => undefined,
  };
}

/** DATABASE_UNAVAILABLE where `error` or one of its causes says that PostgreSQL is away; else undefined. */
export function asDatabaseError(error: unknown): BulkheadError | undefined {
  if (error instanceof BulkheadError) return undefined;
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ("code" in cause && typeof cause.code === "string" && isAway(cause.code)) {
      return new BulkheadError("DATABASE_UNAVAILABLE", "the database does not answer; nothing was changed or lost", {
        remedy: "try again in a moment; the launcher's log says why PostgreSQL is away",
        cause: error,
      });
    }
  }
  return undefined;
}

const awayCodes = new Set(["ECONNREFUSED", "ENOENT", "EPIPE", "ECONNRESET", "EACCES"]);

/** 08: connection exceptions; 53: resources; 57: operator intervention (PostgreSQL manual, appendix A); rest postgres.js. */
function isAway(code: string): boolean {
  return awayCodes.has(code) || /^(08|53|57)[0-9A-Z]{3}$/.test(code) || /^CONNECT(ION)?_/.test(code);
}

/** True where `error` or one of its causes is a violated unique constraint (PostgreSQL 23505). */
export function isDuplicate(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ("code" in cause && cause.code === "23505") return true;
  }
  return false;
}

/** PostgreSQL's text holds no U+0000; a device's words keep their place with a visible mark. */
export function storableText(text: string): string {
  // The round trip replaces lone surrogates, which UTF-8 cannot hold either.
  return Buffer.from(text.replaceAll("\u0000", "\ufffd")).toString();
}
