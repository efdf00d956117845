/** The station in C with the compiler's sanitizers on: what reads or writes where it must not ends it, and the test with it. */
import { mkdtemp, readdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { cHeader } from "../../studio/src/build/interfaces/c-header.ts";
import { describeInterfaces } from "../../studio/src/build/interfaces/describe.ts";

const root = join(import.meta.dirname, "../..");

/** Builds it, or the program in `folder`, into a directory of its own; returns the command. */
export async function buildCStation(
  folder = join(root, "manifests/polyglot/c"),
): Promise<{ command: string[]; directory: string }> {
  const directory = await mkdtemp(join(tmpdir(), "bulkhead-c-station-"));
  const library = join(root, "sdk/c");
  const files = [...(await sources(library)), ...(await sources(folder))];
  const interfaces = await describeInterfaces(join(root, "manifests/polyglot"));
  await writeFile(join(directory, "interfaces.h"), cHeader(interfaces));
  const flags = ["-std=c11", "-g", "-O1", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Werror"];
  const sanitizers = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];
  const output = join(directory, "station");
  await execa("gcc", [...flags, ...sanitizers, "-I", library, "-I", directory, "-o", output, ...files]);
  return { command: [output], directory };
}

async function sources(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => name.endsWith(".c")).map((name) => join(folder, name));
}
