/** Builds a component for the Erlang VM: its modules, those of the client library and the interfaces, compiled. */
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";
import { execa } from "execa";
import { bulkheadDirectory } from "../../locations.ts";
import type { WireInterface } from "../interfaces/describe.ts";
import { erlangModule } from "../interfaces/erlang-module.ts";
import { compile } from "../native/compile.ts";

const library = join(bulkheadDirectory, "sdk/beam/src");
/** Nothing of the build's place or time in the modules. */
const erlcFlags = ["+deterministic", "+no_debug_info", "-Wall"];

/** Writes the modules of the component in `folder` to `tree/ebin`. Throws BUILD_FAILED or MISSING_PROGRAM. */
export async function buildBeam(folder: string, tree: string, interfaces: readonly WireInterface[]): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), "bulkhead-beam-"));
  const ebin = join(tree, "ebin");
  try {
    await mkdir(ebin, { recursive: true });
    const table = join(work, "bulkhead_interfaces.erl");
    await writeFile(table, erlangModule(interfaces));
    await requireProgram("erlc", "erlang-base");
    // The behaviour first, for the modules that are checked against it.
    await compile("erlc", [...erlcFlags, "-o", ebin, ...(await files(library, ".erl")), table], folder);
    const own = await files(folder, ".erl");
    if (own.length > 0) await compile("erlc", [...erlcFlags, "-pa", ebin, "-o", ebin, ...own], folder);
    if (existsSync(join(folder, "main.ex"))) await compileElixir(folder, ebin);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function compileElixir(folder: string, ebin: string): Promise<void> {
  await requireProgram("elixirc", "elixir");
  const flags = ["--no-docs", "--no-debug-info", "--warnings-as-errors", "-pa", ebin, "-o", ebin];
  const names = (await readdir(folder)).filter((name) => name.endsWith(".ex")).sort();
  // Erlang's compiler, which it calls, would write the path of the sources into each module.
  await compile("elixirc", [...flags, ...names], folder, { ERL_COMPILER_OPTIONS: "deterministic" });
}

async function files(directory: string, ending: string): Promise<string[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith(ending));
  return names.sort().map((name) => join(directory, name));
}

async function requireProgram(program: string, packageName: string): Promise<void> {
  const { failed } = await execa("which", [program], { reject: false });
  if (!failed) return;
  throw new BulkheadError("MISSING_PROGRAM", `the program ${program} is not installed`, {
    remedy: `apt-get install ${packageName}`,
  });
}
