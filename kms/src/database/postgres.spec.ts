import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { startTestDatabase, type TestDatabase, uidForPostgres } from "../fixtures/database.ts";
import { migrateDatabase } from "./connection.ts";
import { startPostgres } from "./postgres.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await startTestDatabase();
});
afterAll(() => database.remove());

const query = async (text: string, location = database) => {
  const sql = postgres({
    host: location.socketDir,
    user: location.user,
    database: "postgres",
    max: 1,
    onnotice: () => {},
  });
  try {
    return await sql.unsafe(text);
  } finally {
    await sql.end();
  }
};

/** A launcher of its own, so that it can be killed: starts PostgreSQL, says its pid, and lives on. */
function startLauncher(stateDir: string) {
  const script = `
    import { startPostgres } from ${JSON.stringify(new URL("./postgres.ts", import.meta.url).href)};
    const { pid } = await startPostgres({ stateDir: ${JSON.stringify(stateDir)}, uid: ${uidForPostgres} });
    console.log(pid);
    setInterval(() => {}, 1000);`;
  const child = execa(process.execPath, ["--input-type=module", "--eval", script], { reject: false, buffer: false });
  const pid = new Promise<number>((resolve) => child.stdout.once("data", (chunk: Buffer) => resolve(Number(chunk))));
  return { child, pid };
}

const isAlive = async (pid: number) => {
  const state = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return state !== "" && !/\) Z /.test(state);
};

describe("[M21] PostgreSQL of the launcher", () => {
  it("opens no port: its only door is a socket in a directory of its user", async () => {
    const { mode, uid } = await stat(database.socketDir);
    expect(mode & 0o777).toBe(0o700);
    expect(uid).toBe(uidForPostgres ?? process.getuid?.());
    const listening = (await readFile(`/proc/${database.pid}/net/tcp`, "utf8")).split("\n").slice(1);
    const sockets = await readdir(`/proc/${database.pid}/fd`);
    expect(sockets.length).toBeGreaterThan(0);
    if (uidForPostgres !== null) expect(listening.filter(Boolean)).toEqual([]);
    expect(await query("show listen_addresses")).toMatchObject([{ listen_addresses: "" }]);
  });

  it("runs without any privilege, and flushes what it acknowledges", async () => {
    const status = await readFile(`/proc/${database.pid}/status`, "utf8");
    expect(status).toMatch(/CapEff:\s+0{16}/);
    expect(status).toMatch(/NoNewPrivs:\s+1/);
    expect(await query("show fsync")).toMatchObject([{ fsync: "on" }]);
    expect(await query("show full_page_writes")).toMatchObject([{ full_page_writes: "on" }]);
  });

  it.runIf(process.getuid?.() === 0)("refuses every user of the host but its own and root", async () => {
    const connect = `
      import postgres from ${JSON.stringify(import.meta.resolve("postgres"))};
      const sql = postgres({ host: ${JSON.stringify(database.socketDir)}, user: "bulkhead", database: "postgres", max: 1 });
      try { await sql\`select 1\`; console.log("in"); } catch (error) { console.log(error.code); }
      await sql.end();`;
    const asUid = async (uid: number) => {
      const node = [process.execPath, "--input-type=module", "--eval", connect];
      return (await execa("setpriv", ["--reuid", `${uid}`, "--regid", `${uid}`, "--clear-groups", ...node])).stdout;
    };
    expect(await asUid(uidForPostgres ?? 0)).toBe("in");
    expect(await asUid(1234)).toBe("EACCES");
  });

  it("lets the KMS keep its data and nothing else: no program, no file, no other role", async () => {
    // A KMS that was taken over must stay in its sandbox, and PostgreSQL runs outside of it.
    await expect(query("copy (select 1) to program 'true'")).rejects.toMatchObject({ code: "42501" });
    await expect(query("select pg_read_file('/etc/hostname')")).rejects.toMatchObject({ code: "42501" });
    await expect(query("create role other superuser")).rejects.toMatchObject({ code: "42501" });
    const superusers = await query("select rolname as user from pg_roles where rolsuper");
    for (const { user } of superusers) {
      await expect(query("select 1", { ...database, user: String(user) })).rejects.toMatchObject({ code: "28000" });
    }
    expect(superusers).toHaveLength(1);
  });

  it("applies the migrations once, also when several processes try", async () => {
    await Promise.all([1, 2, 3].map(() => migrateDatabase(database)));
    const [{ count } = { count: 0 }] = await query("select count(*)::int as count from drizzle.__drizzle_migrations");
    expect(count).toBe(
      (await readdir(new URL("../../drizzle", import.meta.url))).filter((name) => name.endsWith(".sql")).length,
    );
  });

  it("refuses a second PostgreSQL over the same state", { timeout: 40_000 }, async () => {
    await expect(
      startPostgres({ stateDir: database.stateDir, uid: uidForPostgres, leavingMs: 200 }),
    ).rejects.toMatchObject({
      code: "ALREADY_RUNNING",
    });
    expect(await query("select 1 as one")).toMatchObject([{ one: 1 }]);
  });

  it("is gone when its launcher was killed, and the next start finds what was stored", async () => {
    const stateDir = await mkdtemp(join(tmpdir(), "bulkhead-kms-"));
    await execa("chmod", ["755", stateDir]);
    const { child, pid } = startLauncher(stateDir);
    const postmaster = await pid;
    const location = { ...database, socketDir: join(stateDir, "postgres/socket") };
    await query("create table kept (n int); insert into kept values (42)", location);
    child.kill("SIGKILL");
    await vi.waitFor(async () => expect(await isAlive(postmaster)).toBe(false), 10_000);
    const again = await startPostgres({ stateDir, uid: uidForPostgres });
    expect(await query("select n from kept", location)).toMatchObject([{ n: 42 }]);
    await again.stop();
    await rm(stateDir, { recursive: true });
  });

  it("starts again after kill -9, although the pid in its file belongs to somebody else by now", async () => {
    await query("create table survivor (n int); insert into survivor values (7)");
    process.kill(database.pid, "SIGKILL");
    await database.exited;
    const pidFile = join(database.stateDir, "postgres/data/postmaster.pid");
    const lines = (await readFile(pidFile, "utf8")).split("\n");
    const stranger = execa("setpriv", [...strangerIds(), "sleep", "60"], { reject: false });
    await writeFile(pidFile, [stranger.pid, ...lines.slice(1)].join("\n"));
    await database.restart();
    stranger.kill();
    expect(await query("select n from survivor")).toMatchObject([{ n: 7 }]);
  });

  it("needs no second initialisation, which is what takes long", async () => {
    await database.stop();
    const made = () => stat(join(database.stateDir, "postgres/data/PG_VERSION"));
    const before = await made();
    await database.restart();
    expect(await made()).toMatchObject({ ino: before.ino, mtimeMs: before.mtimeMs });
  });

  it("says what is wrong when the socket's path would not fit into the kernel's structure", async () => {
    const stateDir = join(database.stateDir, "x".repeat(100));
    await expect(startPostgres({ stateDir, uid: uidForPostgres })).rejects.toMatchObject({
      code: "ENVIRONMENT_INVALID",
    });
  });

  it.runIf(process.getuid?.() === 0)("does not run as root", async () => {
    const stateDir = join(database.stateDir, "as-root");
    await expect(startPostgres({ stateDir, uid: null })).rejects.toMatchObject({ code: "MISSING_PRIVILEGE" });
  });
});

function strangerIds(): string[] {
  return uidForPostgres === null ? ["--no-new-privs"] : ["--reuid", `${uidForPostgres}`, "--clear-groups"];
}
