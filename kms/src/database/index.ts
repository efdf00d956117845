/** The database: PostgreSQL as a process (for the launcher) and as a connection (for the KMS). */
export {
  asDatabaseError,
  type Database,
  isDuplicate,
  migrateDatabase,
  openDatabase,
  type Queries,
  storableText,
} from "./connection.ts";
export { keepNewest } from "./newest-rows.ts";
export { type Postgres, type PostgresOptions, startPostgres } from "./postgres.ts";
export { type Scope, studioScope } from "./scope.ts";
