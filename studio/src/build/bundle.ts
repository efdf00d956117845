/** Bundles a component, or a program of the platform, to one JavaScript file that Node 20 runs. */
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { basename, dirname, isAbsolute, join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { BulkheadError } from "@bulkhead/protocol";
import { type Plugin, type RolldownLog, rolldown } from "rolldown";
import { z } from "zod";
import { bulkheadDirectory } from "../locations.ts";
import { componentEntry, generatedEntry } from "./entry.ts";
import { inOneByte } from "./one-byte.ts";

/** `component`: the file exports `component` and gets a generated entry. `program`: the file is the entry. */
export type BundleKind = "component" | "program";

/**
 * Bundles `entry` to `output`; a `package.json` beside it says that it is an ES module. The same sources give the same
 * bytes on every machine: nothing of the build's place or time is in them. Returns the files of which something is in it.
 * Throws BUILD_FAILED.
 */
export async function bundle(kind: BundleKind, entry: string, output: string): Promise<string[]> {
  if (!existsSync(entry)) throw new BulkheadError("BUILD_FAILED", `${entry} does not exist`);
  const modules = new Set<string>();
  const { code, format } = await generate(kind, entry, modulesInto(modules));
  await mkdir(dirname(output), { recursive: true });
  await writeFile(output, code);
  const type = format === "cjs" ? "commonjs" : "module";
  await writeFile(join(dirname(output), "package.json"), `${JSON.stringify({ type })}\n`);
  return [...modules].sort();
}

/** Notes the files of which something is in the bundle; what is generated, the entry, is no file. */
function modulesInto(modules: Set<string>): Plugin {
  return {
    name: "bulkhead-modules",
    generateBundle(_options, files) {
      modules.clear();
      for (const file of Object.values(files)) {
        if (file.type !== "chunk") continue;
        for (const [id, { renderedLength }] of Object.entries(file.modules)) {
          if (renderedLength > 0 && isAbsolute(id)) modules.add(id.replace(/\?.*$/, ""));
        }
      }
    },
  };
}

type Format = "esm" | "cjs";
type Bundled = { code: string; format: Format };

/** Only a module of ECMAScript can wait when it is loaded. */
const waitsAtLoading = "INVALID_TLA_FORMAT";

/**
 * A component is CommonJS, for Node's loader of ECMAScript modules takes 0.5 MB of each process and 5 ms of each start; one whose
 * modules wait when they are loaded (top-level `await`) is what it has to be.
 */
async function generate(kind: BundleKind, entry: string, noted: Plugin): Promise<Bundled> {
  if (kind === "program") return { code: await generateFrom(entry, [noted], entry), format: "esm" };
  const generateAs = (format: Format) => generateFrom(generatedEntry, [componentEntry(entry), noted], entry, format);
  try {
    return { code: await generateAs("cjs"), format: "cjs" };
  } catch (error) {
    if (!(error instanceof BulkheadError && error.message.includes(waitsAtLoading))) throw error;
    return { code: await generateAs("esm"), format: "esm" };
  }
}

/** The bundled text of `input`; `subject` is the file that an error without a place is about. Throws BUILD_FAILED. */
export async function generateFrom(
  input: string,
  plugins: Plugin[],
  subject: string,
  format: Format = "esm",
): Promise<string> {
  try {
    const build = await rolldown({
      input,
      cwd: bulkheadDirectory,
      platform: "node",
      plugins,
      // What a module of ours or of zod does when it is loaded is to define things: unused ones can go.
      treeshake: { moduleSideEffects: hasSideEffects },
      transform: { target: "node20" },
      tsconfig: false,
      // Comments that would hold paths.
      experimental: { attachDebugInfo: "none" },
      onLog,
    });
    const { output } = await build.generate({
      format,
      // Sources are modules, which are always strict.
      strict: true,
      codeSplitting: false,
      comments: { jsdoc: false },
    });
    await build.close();
    return inOneByte(output[0].code);
  } catch (cause) {
    throw failed(subject, cause);
  }
}

/** What rolldown throws holds the single errors; the first says where (columns count from 0). */
const bundleErrorSchema = z.object({
  errors: z.tuple(
    [z.object({ message: z.string(), loc: z.object({ file: z.string(), line: z.int(), column: z.int() }).optional() })],
    z.unknown(),
  ),
});

function failed(entry: string, cause: unknown): BulkheadError {
  const what = `${basename(dirname(entry))}/${basename(entry)}`;
  const first = bundleErrorSchema.safeParse(cause).data?.errors[0];
  const [reason = ""] = stripVTControlCharacters(first?.message ?? String(cause)).split("\n");
  const place = first?.loc && { ...first.loc, column: first.loc.column + 1 };
  return new BulkheadError("BUILD_FAILED", `${what} cannot be bundled: ${reason}`, { cause, ...(place && { place }) });
}

function hasSideEffects(id: string): boolean {
  return !/\/(protocol\/src|sdk\/src|zod|yaml|@noble)\//.test(id);
}

// Packages may try to load optional helpers (`ws` does) and live without; sources of ours may not.
function onLog(_level: string, log: RolldownLog): void {
  if (log.code !== "UNRESOLVED_IMPORT" || log.id?.includes("node_modules")) return;
  throw new Error(log.message);
}
