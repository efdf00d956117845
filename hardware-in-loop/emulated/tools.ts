/**
 * Tools of tests, first of all QEMU and what makes a guest's disks: Debian's packages, unpacked and never installed, run by the loader and
 * the libraries that came with them.
 */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { cached } from "./cache.ts";
import { type Suite, suite, unpackDebian } from "./debian.ts";

const forGuests = ["qemu-system-arm", "qemu-system-x86", "ipxe-qemu", "seabios", "kmod", "e2fsprogs"];
const debianNames: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64" };

export type Tools = {
  /** What starts a program of the tools: to be put in front of its arguments. `name`: what it is called by. */
  command(program: string, name?: string): readonly [string, ...string[]];
  /** A file or folder of the tools. */
  path(name: string): string;
};

/**
 * `packages`: those of the guests' own tools, if none are named; `from`: which Debian has them. Programs of others are started by
 * `command` as well.
 */
export async function openTools(packages: readonly string[] = forGuests, from: Suite = suite): Promise<Tools> {
  const architecture = debianNames[process.arch];
  if (architecture === undefined) throw new Error(`guests need a host with x64 or arm64, not ${process.arch}`);
  const root = await cached("tools", { suite: from, architecture, packages }, (directory) =>
    unpackDebian(architecture, packages, directory, from),
  );
  const libraries = await findLibraries(join(root, "usr/lib"));
  return {
    command: (program, name = program) => [
      libraries.loader,
      "--argv0",
      name,
      "--library-path",
      libraries.folder,
      join(root, program),
    ],
    path: (name) => join(root, name),
  };
}

/** The one folder in /usr/lib that holds a loader. */
async function findLibraries(usrLib: string): Promise<{ folder: string; loader: string }> {
  for (const entry of await readdir(usrLib)) {
    if (!entry.endsWith("-linux-gnu")) continue;
    const folder = join(usrLib, entry);
    const loader = (await readdir(folder)).find((name) => /^ld-linux-.*\.so\.\d$/.test(name));
    if (loader !== undefined) return { folder, loader: join(folder, loader) };
  }
  throw new Error(`there is no loader below ${usrLib}`);
}
