/** The JSON Schemas that editors use: up to date, and of one mind with the compiler, as a validator of others sees it. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { boardJsonSchema, manifestJsonSchema, manifestWritten } from "@bulkhead/protocol/manifest";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { parseDocument } from "yaml";

const schemas = join(import.meta.dirname, "../../manifests/schema");
const formatted = (schema: object) => `${JSON.stringify(schema, null, 2)}\n`;
const validates = (schema: object) => new Ajv2020({ strict: true, allErrors: true }).compile(schema);

const namesIn = (folder: string) => readdirSync(join(import.meta.dirname, folder)).sort();
const textOf = (folder: string, name: string) => readFileSync(join(import.meta.dirname, folder, name), "utf8");
const dataOf = (text: string): unknown => parseDocument(text, { version: "1.2", schema: "core" }).toJS();

// A pattern cannot compare amounts: that a day has 24 hours only the compiler knows.
const beyondPatterns = ["sleep-beyond-a-day.yaml"];

describe("the JSON Schema of a manifest", () => {
  test("[K1] is the one that editors load (-u writes it anew)", async () => {
    await expect(formatted(manifestJsonSchema())).toMatchFileSnapshot(join(schemas, "manifest.schema.json"));
    await expect(formatted(boardJsonSchema())).toMatchFileSnapshot(join(schemas, "board.schema.json"));
  });

  const accepts = validates(manifestJsonSchema());

  test.each(namesIn("valid"))("[K1] accepts %s", (name) => {
    expect(accepts(dataOf(textOf("valid", name))) ? [] : accepts.errors).toEqual([]);
  });

  test("[K1] refuses what the compiler refuses by keys and values, and accepts what only a rule refuses", () => {
    const judged = namesIn("invalid").flatMap((name) => {
      const text = textOf("invalid", name);
      if (text.includes("MANIFEST_SYNTAX") || beyondPatterns.includes(name)) return [];
      const data = dataOf(text);
      return [{ name, accepted: accepts(data), fits: manifestWritten.safeParse(data).success }];
    });
    expect(judged.filter(({ accepted, fits }) => accepted !== fits).map(({ name }) => name)).toEqual([]);
    expect(judged.filter(({ fits }) => !fits).length).toBeGreaterThan(60);
    expect(judged.filter(({ fits }) => fits).length).toBeGreaterThan(100);
  });

  test("[K1] says of every key what it is for", () => {
    expect(undescribed(manifestJsonSchema())).toEqual([]);
    expect(undescribed(boardJsonSchema())).toEqual([]);
  });
});

describe("the JSON Schema of a board", () => {
  const accepts = validates(boardJsonSchema());

  test.each(namesIn("../../manifests/boards"))("[K18] accepts %s", (name) => {
    expect(accepts(dataOf(textOf("../../manifests/boards", name))) ? [] : accepts.errors).toEqual([]);
  });

  test.each([
    ["a key that there is none of", "memory: 448Mi", "memroy: 448Mi"],
    ["a size without its unit", "memory: 448Mi", "memory: 448"],
    ["a policy that allows a service of the key store", "core-services: [", "core-services: [key-store.tunnel, "],
  ])("[K18] refuses %s", (_, from, to) => {
    const text = textOf("../../manifests/boards", "beaglebone-black.yaml");
    expect(accepts(dataOf(text))).toBe(true);
    expect(text).toContain(from);
    expect(accepts(dataOf(text.replace(from, to)))).toBe(false);
  });
});

test("[K1] every manifest and board file of ours names its schema, where an editor finds it", () => {
  const manifests = join(import.meta.dirname, "../../manifests");
  const folders = readdirSync(manifests, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const files = folders.flatMap(({ name }) =>
    readdirSync(join(manifests, name))
      .filter((file) => file.endsWith(".yaml"))
      .map((file) => ({ name, kind: name === "boards" ? "board" : "manifest", path: join(manifests, name, file) })),
  );
  const unnamed = files.filter(({ kind, path }) => {
    const [line] = readFileSync(path, "utf8").split("\n");
    return line !== `# yaml-language-server: $schema=../schema/${kind}.schema.json`;
  });
  expect(files.length).toBeGreaterThan(2);
  expect(unnamed.map(({ path }) => path)).toEqual([]);
});

type Schema = { [key: string]: unknown };

/** Keys without a description, by the way to them. */
function undescribed(schema: Schema, way: readonly string[] = []): string[] {
  const properties = Object.entries((schema["properties"] ?? {}) as Record<string, Schema>);
  const here = properties.flatMap(([key, below]) => [
    ...("description" in below || "const" in below ? [] : [[...way, key].join(".")]),
    ...undescribed(below, [...way, key]),
  ]);
  const below = [
    schema["additionalProperties"],
    schema["items"],
    ...((schema["anyOf"] ?? schema["oneOf"] ?? []) as []),
  ];
  return [
    ...here,
    ...below.flatMap((each) =>
      typeof each === "object" && each !== null ? undescribed(each as Schema, [...way, "*"]) : [],
    ),
  ];
}
