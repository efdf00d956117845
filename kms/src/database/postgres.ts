/** Starts and stops PostgreSQL for a launcher: Unix socket only, unprivileged, gone when the launcher is gone. */
import { chmod, mkdir, readFile, realpath } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { BulkheadError } from "@bulkhead/protocol";
import { execa } from "execa";
import { prepareAccount } from "./account.ts";
import { findBinaries } from "./binaries.ts";
import { databaseRole, ensureCluster, makeOwnedDirectory, type Places, writeConfiguration } from "./cluster.ts";
import { clearLeftovers } from "./leftovers.ts";

export type PostgresOptions = {
  /** PostgreSQL keeps everything in `<stateDir>/postgres`. */
  stateDir: string;
  /** The unprivileged uid that PostgreSQL and the KMS share; null: as whoever we are. No user needs to exist. */
  uid: number | null;
  /** Where the socket goes if the state directory's path is too long for one (107 bytes). */
  socketDir?: string;
  /** How long what an earlier start left is waited for. Default: longer than that takes. */
  leavingMs?: number;
  /** Hears each line that PostgreSQL logs. */
  onLog?: (line: string) => void;
};

export type Postgres = {
  pid: number;
  /** For the KMS's configuration: `databaseSocketDir` and `databaseUser`. */
  socketDir: string;
  user: string;
  /** Resolves when PostgreSQL has gone, for whatever reason, with the last lines that it logged. */
  exited: Promise<{ reason: string }>;
  /** Fast shutdown: sessions end, the log is closed. */
  stop(): Promise<void>;
};

const startMs = 60_000;
const stopMs = 10_000;
const maxSocketPathBytes = 107;
const socketName = ".s.PGSQL.5432";

/**
 * Starts PostgreSQL and waits until it takes connections. Errors: MISSING_PROGRAM, MISSING_PRIVILEGE, ALREADY_RUNNING,
 * DATABASE_UNAVAILABLE.
 */
export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  const base = join(options.stateDir, "postgres");
  await mkdir(join(base, "config"), { recursive: true, mode: 0o755 });
  // Given modes are cut by the umask, and the account must get through.
  for (const path of [base, join(base, "config")]) await chmod(path, 0o755);
  const home = await realpath(base);
  const places = {
    configDir: join(home, "config"),
    dataDir: join(home, "data"),
    socketDir: options.socketDir ?? join(home, "socket"),
  };
  checkSocketPath(places.socketDir);
  const account = await prepareAccount(options.uid, join(places.configDir, "passwd"));
  const binaries = await findBinaries(home, account);
  await makeOwnedDirectory(places.socketDir, account);
  await ensureCluster(places, binaries, account);
  await clearLeftovers(places, options.leavingMs);
  await writeConfiguration(places, account);
  const [program, ...args] = account.command([
    binaries.postgres,
    `--config-file=${join(places.configDir, "postgresql.conf")}`,
  ]);
  return run(places, program, args, options.onLog);
}

function checkSocketPath(socketDir: string): void {
  const path = join(socketDir, socketName);
  if (Buffer.byteLength(path) <= maxSocketPathBytes) return;
  throw new BulkheadError("ENVIRONMENT_INVALID", `the path of a socket is too long for the kernel: ${path}`, {
    remedy: "choose a state directory with a shorter path",
  });
}

async function run(places: Places, program: string, args: string[], onLog?: (line: string) => void): Promise<Postgres> {
  // A session of its own: Ctrl-C belongs to the launcher, which stops the KMS before its database.
  const child = execa(program, args, { reject: false, detached: true, stdin: "ignore", stdout: "ignore", cwd: "/" });
  const lastLines: string[] = [];
  const reading = (async () => {
    for await (const line of child.iterable({ from: "stderr" })) {
      lastLines.push(line);
      if (lastLines.length > 20) lastLines.shift();
      onLog?.(line);
    }
  })().catch(() => undefined);
  let gone = false;
  const exited = child.then(async () => {
    gone = true;
    await reading;
    return { reason: lastLines.join("\n") || "PostgreSQL ended" };
  });
  const pid = child.pid;
  if (pid === undefined)
    throw new BulkheadError("MISSING_PROGRAM", `${program} cannot be started`, { cause: await child });
  const stop = async () => {
    child.kill("SIGINT");
    const timer = setTimeout(() => child.kill("SIGQUIT"), stopMs);
    await exited;
    clearTimeout(timer);
  };
  const giveUpMs = Date.now() + startMs;
  while (!(await isReady(places.dataDir, pid))) {
    if (gone) throw new BulkheadError("DATABASE_UNAVAILABLE", `PostgreSQL did not start: ${(await exited).reason}`);
    if (Date.now() > giveUpMs) {
      await stop();
      throw new BulkheadError("DATABASE_UNAVAILABLE", `PostgreSQL was not ready within ${startMs} ms`);
    }
    await sleep(20);
  }
  return { pid, socketDir: places.socketDir, user: databaseRole, exited, stop };
}

/** Line 8 of postmaster.pid says `ready` (PostgreSQL's miscadmin.h, LOCK_FILE_LINE_PM_STATUS), as pg_ctl reads it. */
async function isReady(dataDir: string, pid: number): Promise<boolean> {
  const lines = (await readFile(join(dataDir, "postmaster.pid"), "utf8").catch(() => "")).split("\n");
  return lines[0] === String(pid) && lines[7]?.trim() === "ready";
}
