/** The packages that files come from: those that npm installed, and those that Bulkhead itself is made of. */
import { readFile, stat } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";
import { z } from "zod";
import { bulkheadDirectory } from "../../locations.ts";

export type Installed = {
  readonly name: string;
  readonly version: string;
  /** As its package.json says it, an SPDX expression where it is one. */
  readonly licence: string | undefined;
  readonly directory: string;
  /** The folder whose lock file says what is installed here; undefined: a part of Bulkhead's own checkout. */
  readonly lockRoot: string | undefined;
  /** Its name in that lock file: `node_modules/a/node_modules/b`. */
  readonly key: string;
  /** The files that are asked about, of this package. */
  readonly files: readonly string[];
};

const packageSchema = z.object({ name: z.string(), version: z.string(), license: z.unknown().optional() });
/** Parts of a checkout of Bulkhead that can be in a bundle; what else lies in it are systems, like anybody's. */
const ownParts = ["protocol", "sdk", "drivers", "runtime", "kms-agent"];
const between = "/node_modules/";

/** In the order of their names and places. Files of the project's own are of no package. Throws BUILD_UNLOCKED. */
export async function packagesOf(files: Iterable<string>): Promise<Installed[]> {
  const byDirectory = new Map<string, string[]>();
  for (const file of [...new Set(files)].sort()) {
    const directory = directoryOf(file);
    if (directory === undefined) continue;
    byDirectory.set(directory, [...(byDirectory.get(directory) ?? []), file]);
  }
  const found = await Promise.all([...byDirectory].map(([directory, own]) => describe(directory, own)));
  return found.sort((a, b) => compare(`${a.name}@${a.version} ${a.key}`, `${b.name}@${b.version} ${b.key}`));
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function directoryOf(file: string): string | undefined {
  const at = file.lastIndexOf(between);
  if (at >= 0) return file.slice(0, at) + between + nameAt(file.slice(at + between.length));
  const [part = "", kind, name] = relative(bulkheadDirectory, file).split("/");
  // An add-on that was fetched for another processor than this one.
  if (part === ".cache" && kind === "koffi" && name !== undefined) return join(bulkheadDirectory, part, kind, name);
  return ownParts.includes(part) ? join(bulkheadDirectory, part) : undefined;
}

const nameAt = (path: string): string => {
  const [first = "", second = ""] = path.split("/");
  return first.startsWith("@") ? `${first}/${second}` : first;
};

async function describe(directory: string, files: readonly string[]): Promise<Installed> {
  const file = join(directory, "package.json");
  const parsed = packageSchema.safeParse(await readJson(file));
  if (!parsed.success) {
    throw new BulkheadError("BUILD_UNLOCKED", `${file} does not say which package this is`, { remedy: "npm ci" });
  }
  const { name, version, license } = parsed.data;
  const [lockRoot, key] = await placeOf(directory, name);
  const licence = typeof license === "string" ? license : undefined;
  return { name, version, licence, directory, lockRoot, key, files };
}

async function placeOf(directory: string, name: string): Promise<[string | undefined, string]> {
  if (!directory.includes(between)) {
    const isFetched = directory.startsWith(join(bulkheadDirectory, ".cache"));
    return [isFetched ? bulkheadDirectory : undefined, isFetched ? `node_modules/${name}` : name];
  }
  // The outermost one that has a lock file: a package can have one of its own lying about.
  const parts = directory.split(between);
  for (let count = 1; count < parts.length; count++) {
    const root = parts.slice(0, count).join(between);
    const found = await stat(join(root, "package-lock.json")).catch(() => undefined);
    if (found?.isFile() === true) return [root, relative(root, directory)];
  }
  const root = parts[0] ?? dirname(directory);
  return [root, relative(root, directory)];
}

export async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, "utf8"));
  } catch {
    return undefined;
  }
}
