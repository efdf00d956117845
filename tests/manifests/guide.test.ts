/** The guide to the manifest: its tables are the compiler's own schema, and its example compiles. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { errorTable } from "@bulkhead/protocol";
import { boardJsonSchema, manifestJsonSchema } from "@bulkhead/protocol/manifest";
import { expect, test } from "vitest";
import { compileText } from "./boards.ts";

const guide = join(import.meta.dirname, "../../docs/guide/manifest.md");
const marked = /^<!-- (keys: (?:manifest|board)[^\n]*|codes) -->\n(?:\n\|(?:[^\n]*\n)(?:\|[^\n]*\n)*)?/gm;

type Schema = {
  description?: string;
  type?: string;
  pattern?: string;
  const?: unknown;
  enum?: unknown[];
  minimum?: number;
  maximum?: number;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: Schema | boolean;
  items?: Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
};

test("[K1] the guide has every key of manifests and boards, as the schema has it (-u writes it anew)", async () => {
  const text = readFileSync(guide, "utf8");
  const filled = text.replace(marked, (_, mark: string) => `<!-- ${mark} -->\n\n${tableOf(mark)}\n`);
  await expect(filled).toMatchFileSnapshot(guide);
});

test("[K1] no part of the schema that has keys is without its table", () => {
  const text = readFileSync(guide, "utf8");
  const tables = [...text.matchAll(marked)].map(([, mark = ""]) => mark);
  const within = (prefix: string, root: Schema) => partsWithKeys(root).map((way) => `keys: ${prefix} ${way}`.trim());
  const parts = [...within("manifest", manifestJsonSchema()), ...within("board", boardJsonSchema())];
  // Told in the text, or for those who write board files in the files there are.
  const inRows = /( assert|no-flow|devices\.\*|pins\.\*|board image|board security\.(?!tpm))/;
  expect(parts.filter((part) => !tables.includes(part) && !inRows.test(part))).toEqual([]);
});

test("[K1] the example of the guide compiles", () => {
  const example = /```yaml\n([\s\S]*?)```/.exec(readFileSync(guide, "utf8"))?.[1] ?? "";
  const compiled = compileText(example);
  expect("errors" in compiled ? compiled.errors : []).toEqual([]);
});

function tableOf(mark: string): string {
  if (mark === "codes") {
    const codes = Object.entries(errorTable).filter(([code]) => code.startsWith("MANIFEST_"));
    return table(
      ["code", "what is wrong"],
      codes.map(([code, sentence]) => [`\`${code}\``, sentence]),
    );
  }
  const [, kind, way = ""] = mark.split(" ");
  const root = (kind === "board" ? boardJsonSchema() : manifestJsonSchema()) as Schema;
  const rows = objectsOf(schemaAt(root, way === "" ? [] : way.split("."))).flatMap((part) => rowsOf(part));
  // The classes of `cpu` have keys in common: each is told once.
  const unique = new Map(rows.map((row) => [row.join("|"), row]));
  return table(["key", "value", "what it says"], [...unique.values()]);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), `|${"---|".repeat(head.length)}`, ...rows.map(line)].join("\n");
}

function rowsOf(schema: Schema): string[][] {
  return Object.entries(schema.properties ?? {}).map(([key, below]) => {
    const required = schema.required?.includes(key) ? " (required)" : "";
    return [`\`${key}\`${required}`, wordsFor(below), below.description ?? ""];
  });
}

const patterns: readonly [RegExp, string][] = [
  [/us\|ms\|s\|min\)\$$/, "duration"],
  [/\(B\|Ki/, "size"],
  [/%\$$/, "percentage"],
  [/\/s\$$/, "count per second"],
  [/^\^\[a-z\]\[a-z0-9-\]\{0,31\}\$$/, "name"],
];

function wordsFor(schema: Schema): string {
  const alternatives = schema.anyOf ?? schema.oneOf;
  if (schema.const !== undefined) return `\`${String(schema.const)}\``;
  if (schema.enum) return schema.enum.map((word) => `\`${String(word)}\``).join(", ");
  if (schema.type === "boolean") return "`true`, `false`";
  if (schema.type === "integer" || schema.type === "number") return numberOf(schema);
  if (schema.type === "array") return `list of ${wordsFor(schema.items ?? {})}`;
  if (schema.properties)
    return `keys: ${Object.keys(schema.properties)
      .map((key) => `\`${key}\``)
      .join(", ")}`;
  if (typeof schema.additionalProperties === "object") return "names with values";
  if (alternatives) return [...new Set(alternatives.map(wordsFor))].join("; or ");
  if (schema.type === "string") return patterns.find(([form]) => form.test(schema.pattern ?? ""))?.[1] ?? "text";
  return "any";
}

function numberOf({ type, minimum, maximum }: Schema): string {
  const range = minimum === undefined || maximum === undefined ? "" : `, ${minimum} to ${maximum}`;
  return `${type}${range}`;
}

/** The schema that stands at a way of keys; `*` is any key. */
function schemaAt(schema: Schema, way: readonly string[]): Schema {
  const [head, ...rest] = way;
  if (head === undefined) return schema;
  for (const part of objectsOf(schema)) {
    const any = typeof part.additionalProperties === "object" ? part.additionalProperties : undefined;
    const below = head === "*" ? any : part.properties?.[head];
    if (below !== undefined) return schemaAt(below, rest);
  }
  throw new Error(`the schema has nothing at ${way.join(".")}`);
}

const objectsOf = (schema: Schema): Schema[] => (schema.anyOf ?? schema.oneOf)?.flatMap(objectsOf) ?? [schema];

function partsWithKeys(schema: Schema, way: readonly string[] = []): string[] {
  return objectsOf(schema).flatMap((part) => {
    const here = part.properties ? [way.join(".")] : [];
    const named = Object.entries(part.properties ?? {}).flatMap(([key, below]) => partsWithKeys(below, [...way, key]));
    const any =
      typeof part.additionalProperties === "object" ? partsWithKeys(part.additionalProperties, [...way, "*"]) : [];
    const items = part.items ? partsWithKeys(part.items, way) : [];
    return [...here, ...named, ...any, ...items];
  });
}
