/** The database cluster on disk: how it is made, and the three files that configure it, written anew at every start. */
import { chown, mkdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";
import { execa } from "execa";
import type { Account } from "./account.ts";
import type { Binaries } from "./binaries.ts";

export type Places = {
  /** Owned by us, so that PostgreSQL cannot change how it is configured. */
  configDir: string;
  /** Owned by the account, 0700. */
  dataDir: string;
  socketDir: string;
};

/** The KMS's role: owns its data and can do nothing else; only the account and root may take it. */
export const databaseRole = "bulkhead";

/**
 * The superuser, whom pg_hba.conf lets nobody become. One who could would run programs as PostgreSQL (COPY TO PROGRAM),
 * which is outside of the KMS's sandbox and has the uid of the gateway.
 */
const superuser = "cluster";

/** Makes the cluster unless it is there. A cut leaves `data.unfinished`, which the next start throws away. */
export async function ensureCluster(places: Places, binaries: Binaries, account: Account): Promise<void> {
  if (await stat(join(places.dataDir, "PG_VERSION")).catch(() => undefined)) return;
  const unfinished = `${places.dataDir}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await makeOwnedDirectory(unfinished, account);
  const options = ["--encoding=UTF8", "--locale=C", "--auth=peer", "--no-instructions", "--data-checksums"];
  const [program, ...args] = account.command([
    binaries.initdb,
    `--pgdata=${unfinished}`,
    `--username=${superuser}`,
    ...options,
  ]);
  const made = await execa(program, args, { reject: false, all: true, stdin: "ignore", cwd: "/", env: { TZ: "UTC" } });
  if (made.exitCode !== 0) {
    throw new BulkheadError("DATABASE_UNAVAILABLE", `initdb could not make ${places.dataDir}: ${made.all.trim()}`, {
      remedy: "look for a full disk, or for a state directory which the account cannot reach",
    });
  }
  await makeRole(unfinished, binaries, account);
  await rename(unfinished, places.dataDir);
}

/** In single-user mode, which is the superuser's and needs no door. */
async function makeRole(dataDir: string, binaries: Binaries, account: Account): Promise<void> {
  const database = "postgres";
  const [program, ...args] = account.command([binaries.postgres, "--single", "-j", "-D", dataDir, database]);
  // -j: a statement ends with a semicolon and an empty line.
  const input = `create role ${databaseRole} login;\n\nalter database ${database} owner to ${databaseRole};\n\n`;
  const { all, exitCode } = await execa(program, args, {
    reject: false,
    all: true,
    input,
    cwd: "/",
    env: { TZ: "UTC" },
  });
  if (exitCode === 0 && !/ERROR|FATAL|PANIC/.test(all)) return;
  throw new BulkheadError("DATABASE_UNAVAILABLE", `the role of the KMS could not be made: ${all.trim()}`);
}

export async function makeOwnedDirectory(path: string, account: Account): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  if (account.uid !== null) await chown(path, account.uid, account.uid);
}

/** Writes postgresql.conf, pg_hba.conf and pg_ident.conf. */
export async function writeConfiguration(places: Places, account: Account): Promise<void> {
  const names = account.uid === null ? [account.name] : [account.name, "root"];
  const files = {
    "postgresql.conf": Object.entries(settings(places)).map(([name, value]) => `${name} = ${quote(value)}`),
    "pg_hba.conf": [`local all ${databaseRole} peer map=${databaseRole}`],
    "pg_ident.conf": names.map((name) => `${databaseRole} "${name}" ${databaseRole}`),
  };
  for (const [name, lines] of Object.entries(files)) {
    await writeFile(join(places.configDir, name), `${lines.join("\n")}\n`, { mode: 0o644 });
  }
}

/** As small as one developer's devices need, and as durable as PostgreSQL can be. */
function settings(places: Places): Record<string, string> {
  return {
    data_directory: places.dataDir,
    hba_file: join(places.configDir, "pg_hba.conf"),
    ident_file: join(places.configDir, "pg_ident.conf"),
    listen_addresses: "",
    unix_socket_directories: places.socketDir,
    unix_socket_permissions: "0700",
    fsync: "on",
    full_page_writes: "on",
    synchronous_commit: "on",
    shared_buffers: "16MB",
    work_mem: "2MB",
    maintenance_work_mem: "16MB",
    max_connections: "20",
    // No helpers that cost memory while nothing happens: parallel and I/O workers, replication, the JIT.
    max_worker_processes: "1",
    max_parallel_workers: "0",
    max_parallel_workers_per_gather: "0",
    max_parallel_maintenance_workers: "0",
    max_logical_replication_workers: "0",
    max_wal_senders: "0",
    wal_level: "minimal",
    io_method: "sync",
    jit: "off",
    huge_pages: "off",
    autovacuum: "on",
    autovacuum_max_workers: "1",
    autovacuum_worker_slots: "1",
    min_wal_size: "32MB",
    max_wal_size: "128MB",
    log_min_messages: "warning",
    log_checkpoints: "off",
    log_line_prefix: "",
    timezone: "UTC",
    log_timezone: "UTC",
  };
}

function quote(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}
