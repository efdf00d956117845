/** Every source file of the workspaces, with what it imports and the uses of `any`, as a real parser sees them. */
import { readdirSync, readFileSync } from "node:fs";
import { join, posix, relative, sep } from "node:path";
import { parseSync } from "vite";
import { packages } from "./packages.ts";

export const root = join(import.meta.dirname, "..", "..");

export type Source = {
  /** From the root of the repository. */
  readonly path: string;
  /** The workspace it is in, or `tests` or `scripts`. */
  readonly package: string;
  readonly text: string;
  /** Tests and configuration run on hosts only and may use development dependencies. */
  readonly isTest: boolean;
  readonly imports: readonly { readonly specifier: string; readonly line: number; readonly isType: boolean }[];
  /** Lines on which the type `any` is written. */
  readonly anyLines: readonly number[];
};

/** What a package's tests share: in the package, but not in what ships. */
export const testCode = /\/(?:testing|fixtures|browser-test)(?:\/|$)|\/conformance\.ts$|\.board\.ts$/;

/** Reads and parses all of them; the order is that of their paths. */
export function readSources(): Source[] {
  return [...Object.keys(packages), "tests", "scripts"].flatMap((folder) =>
    sourceFiles(join(root, folder)).map((file) =>
      readSource(relative(root, file).split(sep).join("/"), readFileSync(file, "utf8")),
    ),
  );
}

function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => !["node_modules", "dist"].includes(entry.name) && !entry.name.startsWith("."))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return sourceFiles(path);
      return /\.(?:ts|tsx|js|mjs)$/.test(entry.name) ? [path] : [];
    });
}

/** Parses one source text. Throws where it cannot be parsed. */
export function readSource(path: string, text: string): Source {
  const { module, program, errors } = parseSync(path, text);
  if (errors.length > 0) throw new Error(`${path} cannot be parsed: ${errors[0]?.message}`);
  const lineOf = (offset: number) => text.slice(0, offset).split("\n").length;
  const found: { specifier: string; start: number; isType: boolean }[] = [];
  for (const { moduleRequest, entries, start } of module.staticImports) {
    const isType = text.startsWith("import type", start) || (entries.length > 0 && entries.every((e) => e.isType));
    found.push({ specifier: moduleRequest.value, start, isType });
  }
  for (const { entries, start } of module.staticExports) {
    const request = entries.find((entry) => entry.moduleRequest)?.moduleRequest;
    if (request) found.push({ specifier: request.value, start, isType: entries.every((entry) => entry.isType) });
  }
  for (const { moduleRequest, start } of module.dynamicImports) {
    const literal = /^["'`]([^"'`$]+)["'`]$/.exec(text.slice(moduleRequest.start, moduleRequest.end));
    if (literal?.[1]) found.push({ specifier: literal[1], start, isType: false });
  }
  const anyLines: number[] = [];
  walk(program, (node) => {
    if (node.type === "TSAnyKeyword") anyLines.push(lineOf(node.start));
    const literal = node.type === "TSImportType" ? (node["source"] ?? node["argument"]) : undefined;
    const specifier = isRecord(literal) ? literal["value"] : undefined;
    if (typeof specifier === "string") found.push({ specifier, start: node.start, isType: true });
  });
  return {
    path,
    package: path.split("/")[0] ?? "",
    text,
    isTest: testCode.test(path) || /\.(?:test|spec)\.tsx?$|\.config\.ts$|^tests\/|^scripts\//.test(path),
    imports: found.map(({ specifier, start, isType }) => ({ specifier, line: lineOf(start), isType })),
    anyLines,
  };
}

type Node = { readonly type: string; readonly start: number; readonly [key: string]: unknown };

function walk(value: unknown, visit: (node: Node) => void): void {
  if (Array.isArray(value)) for (const item of value) walk(item, visit);
  else if (isRecord(value)) {
    if (typeof value["type"] === "string") visit(value as Node);
    for (const member of Object.values(value)) walk(member, visit);
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

/** Paths of the sources that a program which starts at `entry` loads, by relative imports, and of the protocol with it. */
export function loadedFrom(entry: string, sources: readonly Source[]): ReadonlySet<string> {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const loaded = new Set<string>();
  const open = [entry];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    const source = byPath.get(path);
    if (!source || loaded.has(path)) continue;
    loaded.add(path);
    for (const { specifier, isType } of source.imports) {
      if (isType) continue;
      if (specifier.startsWith(".")) open.push(posix.join(posix.dirname(path), specifier));
      else if (specifier === "@bulkhead/protocol") open.push("protocol/src/index.ts");
    }
  }
  return loaded;
}
