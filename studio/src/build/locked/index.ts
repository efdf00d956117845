/**
 * Holds what is built in to the lock file: a bundle has in it the packages that are locked, and no others. What can be said is said in two
 * steps: that npm installed the locked archive, by what it left in node_modules; and, where npm's cache still has that archive, that the files
 * are those in it.
 */
import { readdir, readFile, stat } from "node:fs/promises";
import { basename, join, relative } from "node:path";
import { BulkheadError, sha256 } from "@bulkhead/protocol";
import { filesInArchive, npmCache } from "./archive.ts";
import { type LockFile, readLockFile } from "./lock-file.ts";
import { type Installed, packagesOf } from "./packages.ts";

export type LockedPackage = Omit<Installed, "files"> & {
  /** Of its archive, as the lock file has it; undefined: Bulkhead's own part, or one that comes by another way than a registry. */
  readonly integrity: string | undefined;
  /** Its files were compared with its archive. */
  readonly isCompared: boolean;
};

/** The packages that `files` come from. Throws BUILD_UNLOCKED naming the first that is not the locked one. */
export async function lockedPackages(files: Iterable<string>, cache = npmCache()): Promise<LockedPackage[]> {
  const locks = new Map<string, Promise<LockFile>>();
  const lockOf = (root: string) => {
    const lock = locks.get(root) ?? readLockFile(root);
    locks.set(root, lock);
    return lock;
  };
  const found = await packagesOf(files);
  return Promise.all(
    found.map(async ({ files: own, ...one }) => {
      if (one.lockRoot === undefined) return { ...one, integrity: undefined, isCompared: false };
      const integrity = integrityOf(one, await lockOf(one.lockRoot));
      return { ...one, integrity, isCompared: await compare(one, own, integrity, cache) };
    }),
  );
}

type Package = Omit<Installed, "files">;

function integrityOf({ name, version, key }: Package, { file, wanted, installed }: LockFile): string | undefined {
  const entry = wanted[key];
  if (entry?.version === undefined) throw unlocked(`${name} ${version} is built in, and ${file} does not name it`);
  if (entry.version !== version) {
    throw unlocked(`${name} ${version} is built in, and ${file} says ${entry.version}`);
  }
  if (installed !== undefined && installed[key]?.integrity !== entry.integrity && !isFetched(key, installed)) {
    throw unlocked(`${name} ${version} was installed from another archive than ${file} says`);
  }
  return entry.integrity;
}

/** For another processor than this one npm installs nothing; what was fetched for it was held to the lock file then. */
const isFetched = (key: string, installed: LockFile["wanted"]): boolean =>
  key.startsWith("node_modules/@koromix/") && installed[key] === undefined;

async function compare(
  { name, version, directory }: Package,
  files: readonly string[],
  integrity: string | undefined,
  cache: string,
): Promise<boolean> {
  const archive = integrity === undefined ? undefined : await filesInArchive(integrity, cache);
  if (archive === undefined) return false;
  for (const file of [join(directory, "package.json"), ...(await filesBelow(files, directory, archive))]) {
    const path = relative(directory, file);
    if (archive.get(path) === sha256(await readFile(file))) continue;
    throw unlocked(`${path} of ${name} ${version} is not as it is in the package's archive`);
  }
  return true;
}

/**
 * What a compiler can be led to by a name in a source: headers and sources, and headers of C++, which have no ending. A package within a package is
 * one of its own.
 */
function isForCompiler(path: string): boolean {
  if (path.startsWith("node_modules/")) return false;
  return /\.(?:c|cc|cpp|h|hh|hpp)$/.test(path) || (!basename(path).includes(".") && !path.startsWith("build/"));
}

/**
 * An add-on is compiled from folders, which can hold what an earlier build left; the archive says what belongs there. What a compiler would take and
 * the archive lacks is among the files as well, and differs.
 */
async function filesBelow(places: readonly string[], directory: string, archive: Map<string, string>) {
  const lists = await Promise.all(
    places.map(async (place) => {
      if (!(await stat(place)).isDirectory()) return [place];
      const entries = await readdir(place, { recursive: true, withFileTypes: true });
      return entries
        .filter((entry) => !entry.isDirectory())
        .map((entry) => join(entry.parentPath, entry.name))
        .filter((file) => archive.has(relative(directory, file)) || isForCompiler(relative(directory, file)));
    }),
  );
  return lists.flat();
}

function unlocked(message: string): BulkheadError {
  return new BulkheadError("BUILD_UNLOCKED", message, {
    remedy: "npm ci; where the change was meant, make a package of it and lock that",
  });
}
