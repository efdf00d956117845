/** Interfaces as a C header: names and digests for bulkhead.h, and a struct with its reader and writer for each plain value. */
import type { WireInterface } from "./describe.ts";
import { membersOf, type Scalar, type Shape, shapeOf, snakeCase } from "./shape.ts";

/** The text of `interfaces.h`. */
export function cHeader(interfaces: readonly WireInterface[]): string {
  return [
    "/* Made by `bulkhead build` from the TypeScript definitions: change those. */",
    "#ifndef BULKHEAD_INTERFACES_H",
    "#define BULKHEAD_INTERFACES_H",
    "#pragma GCC diagnostic push",
    '#pragma GCC diagnostic ignored "-Wunused-function"',
    '#pragma GCC diagnostic ignored "-Wunused-const-variable"',
    '#include "bulkhead.h"',
    ...interfaces.map(section),
    "#pragma GCC diagnostic pop",
    "#endif",
    "",
  ].join("\n");
}

function section({ name, digest, operations, notifications, streams }: WireInterface): string {
  const prefix = snakeCase(name);
  const names = Object.entries(operations);
  const rows = names.map(([operation, { idempotent }]) => `{"${operation}", ${idempotent}}`);
  const table = rows.length > 0 ? rows.join(", ") : '{"", false}';
  const flows = Object.entries(streams);
  const flowRows = flows.map(([stream, { direction }]) => `{"${stream}", ${direction === "from-provider"}}`);
  const flowTable = flowRows.length > 0 ? flowRows.join(", ") : '{"", false}';
  return [
    "",
    `/* ---- ${name} ---- */`,
    `static const bh_operation ${prefix}_operations[] = {${table}};`,
    `static const bh_stream_kind ${prefix}_streams[] = {${flowTable}};`,
    `static const bh_interface ${prefix}_interface = {"${name}", "${digest}", ${prefix}_operations, ${names.length}, ${prefix}_streams, ${flows.length}};`,
    ...names.flatMap(([operation, value]) => [
      type(`${prefix}_${snakeCase(operation)}_arguments`, shapeOf(value.arguments)),
      type(`${prefix}_${snakeCase(operation)}_result`, shapeOf(value.result)),
    ]),
    ...flows.flatMap(([stream, value]) => [
      type(`${prefix}_${snakeCase(stream)}_arguments`, shapeOf(value.arguments)),
      type(`${prefix}_${snakeCase(stream)}_item`, shapeOf(value.item)),
    ]),
    ...Object.entries(notifications).map(([key, schema]) =>
      type(`${prefix}_${snakeCase(key)}_notification`, shapeOf(schema)),
    ),
  ].join("\n");
}

function type(name: string, shape: Shape): string {
  if (shape.kind === "null") return `/* ${name}: nil */`;
  const members = membersOf(shape);
  if (!members) return `/* ${name}: no plain value; read and write it with bh_read_… and bh_write_… */`;
  const isObject = shape.kind === "object";
  const empty = members.length === 0 ? ["  char nothing;"] : [];
  return [
    "typedef struct {",
    ...members.map(([member, scalar]) => `  ${cTypes[scalar.kind]} ${snakeCase(member)};`),
    ...empty,
    `} ${name};`,
    ...writer(name, members, isObject),
    ...(isObject ? objectReader(name, members) : scalarReader(name, members)),
  ].join("\n");
}

type Members = readonly (readonly [name: string, type: Scalar])[];

const cTypes = { int: "int64_t", number: "double", bool: "bool", text: "bh_text" } as const;
const readers = { int: "bh_read_int", number: "bh_read_number", bool: "bh_read_bool", text: "bh_read_text" } as const;
const writers = {
  int: "bh_write_int",
  number: "bh_write_number",
  bool: "bh_write_bool",
  text: "bh_write_text_of",
} as const;

function writer(name: string, members: Members, isObject: boolean): string[] {
  return [
    `static inline void write_${name}(bh_writer *writer, const ${name} *value) {`,
    ...(members.length === 0 ? ["  (void)value;"] : []),
    ...(isObject ? [`  bh_write_map(writer, ${members.length});`] : []),
    ...members.flatMap(([member, scalar]) => [
      ...(isObject ? [`  bh_write_text(writer, "${member}");`] : []),
      `  ${writers[scalar.kind]}(writer, value->${snakeCase(member)});`,
    ]),
    "}",
  ];
}

// Every member exactly once and nothing else, as the strict object of the definition says.
function objectReader(name: string, members: Members): string[] {
  return [
    `static inline bool read_${name}(bh_reader reader, ${name} *value) {`,
    `  uint32_t members = bh_read_map(&reader);`,
    ...(members.length === 0 ? ["  (void)value;"] : []),
    "  uint64_t seen = 0;",
    `  if (members != ${members.length}) return false;`,
    "  for (uint32_t i = 0; i < members && !reader.failed; i++) {",
    "    bh_text key = bh_read_text(&reader);",
    ...members.flatMap(([member, scalar], index) => [
      `    ${index > 0 ? "else " : ""}if (bh_text_is(key, "${member}")) {`,
      `      value->${snakeCase(member)} = ${readers[scalar.kind]}(&reader);`,
      ...range(scalar, member),
      `      seen |= UINT64_C(1) << ${index};`,
      "    }",
    ]),
    members.length > 0 ? "    else return false;" : "    (void)key;",
    "  }",
    `  return !reader.failed && reader.at == reader.end && seen == UINT64_C(${2 ** members.length - 1});`,
    "}",
  ];
}

function scalarReader(name: string, members: Members): string[] {
  return [
    `static inline bool read_${name}(bh_reader reader, ${name} *value) {`,
    ...members.flatMap(([member, scalar]) => [
      `  value->${snakeCase(member)} = ${readers[scalar.kind]}(&reader);`,
      ...range(scalar, member),
    ]),
    "  return !reader.failed && reader.at == reader.end;",
    "}",
  ];
}

function range(scalar: Scalar, member: string): string[] {
  if (scalar.kind !== "int") return [];
  const place = `value->${snakeCase(member)}`;
  return [`      if (${place} < INT64_C(${scalar.min}) || ${place} > INT64_C(${scalar.max})) return false;`];
}
