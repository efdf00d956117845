/** Finds what a program of the host needs inside a sandbox: itself and its shared libraries, nothing else. */
import { realpath } from "node:fs/promises";
import { BulkheadError } from "@bulkhead/protocol";
import { librariesOf } from "./libraries.ts";
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
  const libraries = await librariesOf(source);
  const mounts = libraries.map(async (library): Promise<Mount> => {
    return { kind: "ro", source: await realpath(library), target: library };
  });
  return [{ kind: "ro", source, target }, ...(await Promise.all(mounts))];
}

/** Puts lists together; a file that several programs need is mounted once. */
export function mergeMounts(...lists: readonly (readonly Mount[])[]): Mount[] {
  return [...new Map(lists.flat().map((mount) => [mount.target, mount])).values()];
}
