/** Compiles a component written in C, with the client library, to one static program. */
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { bulkheadDirectory } from "../../locations.ts";
import { cHeader } from "../interfaces/c-header.ts";
import type { WireInterface } from "../interfaces/describe.ts";
import { compile } from "./compile.ts";
import { type Architecture, cCompiler } from "./toolchain.ts";

const library = join(bulkheadDirectory, "sdk/c");

/**
 * Compiles all C files of `folder` to `output`; `work` is an empty directory for what is generated. The program needs
 * nothing of the system that it runs on: not a library, not a loader. Throws BUILD_FAILED or MISSING_PROGRAM.
 */
export async function compileC(
  folder: string,
  work: string,
  output: string,
  interfaces: readonly WireInterface[],
  architecture: Architecture,
  symbols: boolean,
): Promise<void> {
  await writeFile(join(work, "interfaces.h"), cHeader(interfaces));
  const sources = [...(await cFiles(folder)), ...(await cFiles(library))];
  await linkStatic(sources, [folder, work, library], output, architecture, folder, symbols);
}

/**
 * Compiles `sources`, which lie in `places`, to one static program. `folder`: what an error is about. `symbols`: for a debugger. Throws BUILD_FAILED or
 * MISSING_PROGRAM.
 */
export async function linkStatic(
  sources: readonly string[],
  places: readonly string[],
  output: string,
  architecture: Architecture,
  folder: string,
  symbols = false,
): Promise<void> {
  const flags = [
    ...["-std=c11", "-O2", "-Wall", "-Wextra", "-fPIE", "-static-pie"],
    ...["-fstack-protector-strong", "-D_FORTIFY_SOURCE=2", "-fstack-clash-protection"],
    // Nothing of the build's place or time: the same sources give the same bytes.
    ...["-Wdate-time", ...places.map((place, index) => `-ffile-prefix-map=${place}=/${index}`)],
    ...(symbols ? ["-g", "-gno-record-gcc-switches"] : ["-s"]),
    ...["-Wl,--build-id=none", "-Wl,-z,relro,-z,now,-z,noexecstack"],
  ];
  const headers = places.flatMap((place) => ["-I", place]);
  await compile(await cCompiler(architecture), [...flags, ...headers, "-o", output, ...sources], folder);
}

async function cFiles(directory: string): Promise<string[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith(".c"));
  return names.sort().map((name) => join(directory, name));
}
