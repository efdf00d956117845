/** The shared libraries of a program, as ldd(1) tells them: asked once, for it is five processes and every start needs the answer. */
import { stat } from "node:fs/promises";
import { BulkheadError } from "@bulkhead/protocol";
import { execa } from "execa";
import { programEnvironment } from "./programs.ts";

/** ldconfig(8) writes it anew when libraries are installed: what was found before may not be all then. */
const loaderCache = "/etc/ld.so.cache";

type Known = { readonly version: string; readonly libraries: Promise<readonly string[]> };
const known = new Map<string, Known>();

/** `program`: a real path. Throws FILE_UNREADABLE. */
export async function librariesOf(program: string): Promise<readonly string[]> {
  const version = `${await versionOf(program)} ${await versionOf(loaderCache)}`;
  const found = known.get(program);
  if (found?.version === version) return await found.libraries;
  const asked: Known = { version, libraries: askLdd(program) };
  known.set(program, asked);
  asked.libraries.catch(() => known.get(program) === asked && known.delete(program));
  return await asked.libraries;
}

/** Another file, or another content, has another. */
async function versionOf(path: string): Promise<string> {
  const found = await stat(path, { bigint: true }).catch(() => undefined);
  return found ? `${found.dev}.${found.ino}.${found.size}.${found.mtimeNs}` : "none";
}

async function askLdd(program: string): Promise<readonly string[]> {
  const { stdout, stderr, failed } = await execa("ldd", [program], { reject: false, env: programEnvironment });
  const isStatic = /not a dynamic executable|statically linked/.test(stdout + stderr);
  if (failed && !isStatic) {
    throw new BulkheadError("FILE_UNREADABLE", `the libraries of ${program} cannot be listed: ${stderr.trim()}`);
  }
  return isStatic ? [] : parseLibraries(stdout, program);
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
