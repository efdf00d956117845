/** What of this machine a build may see: the project with its packages, Bulkhead, and the tools; nobody's home directory. */
import { existsSync, realpathSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { execa } from "execa";
import { bulkheadDirectory } from "../../locations.ts";
import { commitOf } from "../commit.ts";

export type Places = {
  /** Shown read-only at their own paths. */
  readonly readOnly: readonly string[];
  /** Folders of programs, looked into before those of the system. */
  readonly programs: readonly string[];
};

/** `folders`: of the components, as far as they are the project's own; `files`: what was made for the build beforehand. */
export async function placesOf(
  manifestDirectory: string,
  folders: readonly string[],
  files: readonly string[] = [],
): Promise<Places> {
  const project = await projectOf(manifestDirectory);
  const rust = folders.some((folder) => existsSync(join(folder, "main.rs"))) ? await rustToolchain() : undefined;
  const checkout = [bulkheadDirectory, ...["node_modules", ".cache/runtimes"].map((at) => join(bulkheadDirectory, at))];
  const wanted = [
    ...[project, join(project, "node_modules"), join(manifestDirectory, "../boards"), ...checkout],
    ...[process.execPath, ...files, ...(rust === undefined ? [] : [rust])],
  ];
  // A link within what is shown leads somewhere, which has to be there too.
  const real = new Set(wanted.filter(existsSync).map((place) => realpathSync(place)));
  const readOnly = [...real].filter((place) => !isHome(place) && ![...real].some((other) => isBelow(place, other)));
  return { readOnly, programs: rust === undefined ? [] : [join(rust, "bin")] };
}

/**
 * Top of the project that a manifest belongs to: its git work tree, else the nearest folder with a lock file, else with packages, else its own
 * folder. A home directory that is itself a work tree, or has a stray lock file, is none.
 */
export async function projectOf(manifestDirectory: string): Promise<string> {
  const directory = resolve(manifestDirectory);
  const top = (await commitOf(directory))?.top;
  if (top !== undefined && !isHome(top) && isWithin(directory, top)) return top;
  const above: string[] = [];
  for (let at = directory; at !== dirname(at) && !isHome(at); at = dirname(at)) above.push(at);
  const having = (name: string) => above.find((at) => existsSync(join(at, name)));
  return having("package-lock.json") ?? having("node_modules") ?? directory;
}

/** A home directory, or what holds one. */
function isHome(place: string): boolean {
  return place === "/" || isWithin(homedir(), place) || /^\/(?:home|root|home\/[^/]+)$/.test(place);
}

function isBelow(path: string, top: string): boolean {
  return path !== top && isWithin(path, top) && !isHome(top);
}

function isWithin(path: string, top: string): boolean {
  return path === top || path.startsWith(`${top}/`);
}

/** rustup keeps its toolchains in the home directory; only the one in use is shown. Debian's is the system's. */
async function rustToolchain(): Promise<string | undefined> {
  const { failed, stdout } = await execa("rustc", ["--print", "sysroot"], { reject: false });
  return failed || stdout.startsWith("/usr") ? undefined : stdout.trim();
}
