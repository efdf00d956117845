/** Finds what a program of the host needs inside a sandbox: itself and its shared libraries, nothing else. */
import { realpath } from "node:fs/promises";
import { BulkheadError } from "@bulkhead/protocol";
import { execa } from "execa";
import { programEnvironment } from "./programs.ts";
import type { Mount } from "./spec.ts";

/** Where a sandbox has its Node. */
export const nodeInside = "/node/bin/node";

/** Debian's Node loads some of its own modules from here (its package nodejs, "externalized builtins"). */
const debianBuiltins = "/usr/share/nodejs";

/** The Node binary as /node/bin/node with the shared libraries that it names. Throws FILE_UNREADABLE. */
export async function nodeMounts(nodePath: string): Promise<Mount[]> {
  const mounts = await programMounts(nodePath, nodeInside);
  // Debian alone builds Node as a shared library.
  if (!mounts.some(({ target }) => /\/libnode\.so/.test(target))) return mounts;
  return [...mounts, { kind: "ro", source: debianBuiltins, target: debianBuiltins }];
}

/** `program` (a path of the host) as `target`, with its loader and libraries at the paths that it looks for. */
export async function programMounts(program: string, target: string): Promise<Mount[]> {
  const source = await realpath(program).catch((cause: unknown) => {
    throw new BulkheadError("FILE_UNREADABLE", `there is no program ${program}`, { cause });
  });
  const { stdout, stderr, failed } = await execa("ldd", [source], {
    reject: false,
    env: programEnvironment,
  });
  const isStatic = /not a dynamic executable|statically linked/.test(stdout + stderr);
  if (failed && !isStatic) {
    throw new BulkheadError("FILE_UNREADABLE", `the libraries of ${source} cannot be listed: ${stderr.trim()}`);
  }
  const mounts: Mount[] = [{ kind: "ro", source, target }];
  for (const library of isStatic ? [] : parseLibraries(stdout, source)) {
    mounts.push({ kind: "ro", source: await realpath(library), target: library });
  }
  return mounts;
}

/** Puts lists together; a file that several programs need is mounted once. */
export function mergeMounts(...lists: readonly (readonly Mount[])[]): Mount[] {
  return [...new Map(lists.flat().map((mount) => [mount.target, mount])).values()];
}

/** Paths in the output of ldd(1): `name => path (address)` and, for the loader, `path (address)`. */
export function parseLibraries(text: string, program: string): string[] {
  return text.split("\n").flatMap((line) => {
    if (/=> not found/.test(line)) {
      throw new BulkheadError("FILE_UNREADABLE", `${program} needs a library that is not there: ${line.trim()}`);
    }
    return /(?:=>\s*)?(\/\S+) \(0x[0-9a-f]+\)$/.exec(line.trim())?.[1] ?? [];
  });
}
