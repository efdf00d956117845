/**
 * Compiles native add-ons for the processor and the Node of a board. What is made is kept in .cache/add-ons under the digest of all that
 * decides it: sources, headers, flags and compiler.
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rename, rm } from "node:fs/promises";
import { extname, join } from "node:path";
import { bulkheadDirectory } from "../../locations.ts";
import type { Architecture } from "../native/toolchain.ts";
import { type Compiler, findCompiler } from "./compiler.ts";
import { type CompiledAddOn, findSources, type Sources } from "./recipes.ts";

const flags = [
  ...["-shared", "-fPIC", "-O2", "-fstack-protector-strong", "-D_FORTIFY_SOURCE=2", "-fstack-clash-protection"],
  // The packages are not ours: what they use of Node that is to go is their authors' matter.
  ...["-w", "-DBUILDING_NODE_EXTENSION", "-D_FILE_OFFSET_BITS=64", "-D_GNU_SOURCE"],
  // The same sources give the same bytes.
  ...["-s", "-Wl,--build-id=none", "-Wl,-z,relro,-z,now,-z,noexecstack"],
];
const languages = {
  c: { program: "gcc", flags: ["-std=c11", "-fvisibility=hidden"] },
  cc: { program: "g++", flags: ["-std=gnu++20", "-fno-exceptions", "-fno-rtti"] },
} as const;

/**
 * The file of `addOn` for boards of `architecture`, compiled if it has not been. It fits the Node that such boards have: npm's as this
 * checkout pins it, on armhf Debian's Node 20.
 *
 * @throws BulkheadError BUILD_FAILED with what is missing, or with the compiler's words
 */
export async function compileAddOn(addOn: CompiledAddOn, architecture: Architecture): Promise<string> {
  const sources = findSources(addOn);
  const compiler = await findCompiler(architecture);
  const cache = join(bulkheadDirectory, ".cache/add-ons");
  const kept = join(cache, `${addOn}-${architecture}-${await digestOf(sources, compiler)}.node`);
  if (existsSync(kept)) return kept;
  await mkdir(cache, { recursive: true });
  const work = await mkdtemp(join(cache, `${addOn}-`));
  try {
    await compile(addOn, sources, compiler, work);
    await rename(join(work, "add-on.node"), kept);
    return kept;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Writes `add-on.node` to `out`. Throws BUILD_FAILED. */
export async function compile(addOn: string, sources: Sources, compiler: Compiler, out: string): Promise<void> {
  const { program, flags: own } = languages[languageOf(sources)];
  const args = [
    ...[...flags, ...own, ...sources.defines.map((name) => `-D${name}`)],
    ...["-I", "node", ...(sources.headers === undefined ? [] : ["-I", "headers"])],
    ...["-o", "out/add-on.node", ...sources.files.map((file) => `source/${file}`)],
  ];
  const headers = sources.headers === undefined ? {} : { headers: sources.headers };
  await compiler.run(program, args, { source: sources.folder, node: compiler.node, ...headers, out }, addOn);
}

function languageOf({ files }: Sources): keyof typeof languages {
  return files.every((file) => extname(file) === ".c") ? "c" : "cc";
}

async function digestOf(sources: Sources, compiler: Compiler): Promise<string> {
  const hash = createHash("sha256");
  const { files, defines } = sources;
  hash.update(
    JSON.stringify({ files, defines, flags, language: languages[languageOf(sources)], version: compiler.version }),
  );
  for (const folder of [sources.folder, sources.headers, compiler.node]) {
    if (folder !== undefined) await addFolder(hash, folder);
  }
  return hash.digest("hex").slice(0, 16);
}

/** Sources and headers; a folder can have built things and examples beside them. */
async function addFolder(hash: ReturnType<typeof createHash>, folder: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true });
  for (const path of entries.filter((name) => /\.(?:c|cc|h|hh|hpp)$/.test(name)).sort()) {
    hash.update(JSON.stringify([path])).update(await readFile(join(folder, path)));
  }
}
