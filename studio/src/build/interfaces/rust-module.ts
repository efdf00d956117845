/** Interfaces as a Rust crate: a module each, with names and digest for the client library and a struct for each plain value. */
import type { WireInterface } from "./describe.ts";
import { membersOf, type Scalar, type Shape, shapeOf, snakeCase } from "./shape.ts";

/** The text of the crate `interfaces`. */
export function rustModule(interfaces: readonly WireInterface[]): string {
  const head = ["//! Made by `bulkhead build` from the TypeScript definitions: change those.", "#![allow(dead_code)]"];
  return [...head, ...interfaces.map(module), ""].join("\n");
}

function module({ name, digest, operations, notifications, streams }: WireInterface): string {
  const rows = Object.entries(operations).map(
    ([operation, { idempotent }]) => `Operation { name: "${operation}", idempotent: ${idempotent} }`,
  );
  const flows = Object.entries(streams);
  const flowRows = flows.map(
    ([stream, { direction }]) => `StreamKind { name: "${stream}", from_provider: ${direction === "from-provider"} }`,
  );
  return [
    "",
    `pub mod ${snakeCase(name)} {`,
    "    use bulkhead::{Interface, Operation, StreamKind, Value};",
    "    pub static INTERFACE: Interface = Interface {",
    `        name: "${name}",`,
    `        digest: "${digest}",`,
    `        operations: &[${rows.join(", ")}],`,
    `        streams: &[${flowRows.join(", ")}],`,
    "    };",
    ...Object.entries(operations).flatMap(([operation, value]) => [
      type(`${pascalCase(operation)}Arguments`, shapeOf(value.arguments)),
      type(`${pascalCase(operation)}Result`, shapeOf(value.result)),
    ]),
    ...flows.flatMap(([stream, value]) => [
      type(`${pascalCase(stream)}Arguments`, shapeOf(value.arguments)),
      type(`${pascalCase(stream)}Item`, shapeOf(value.item)),
    ]),
    ...Object.entries(notifications).map(([key, schema]) => type(`${pascalCase(key)}Notification`, shapeOf(schema))),
    "}",
  ].join("\n");
}

function pascalCase(name: string): string {
  return name.replaceAll(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function type(name: string, shape: Shape): string {
  if (shape.kind === "null") return `    // ${name}: Value::Nil`;
  const members = membersOf(shape);
  if (!members) return `    // ${name}: no plain value; read and write it as a Value`;
  const fields = members.map(([member, scalar]) => `        pub ${snakeCase(member)}: ${types[scalar.kind]},`);
  return [
    "    #[derive(Clone, Debug, PartialEq)]",
    `    pub struct ${name} {`,
    ...fields,
    "    }",
    `    impl ${name} {`,
    ...(shape.kind === "object" ? objectMethods(members) : scalarMethods(members)),
    "    }",
  ].join("\n");
}

type Members = readonly (readonly [name: string, type: Scalar])[];

const types = { int: "i64", number: "f64", bool: "bool", text: "String" } as const;

function objectMethods(members: Members): string[] {
  const names = members.map(([member]) => `"${member}"`).join(", ");
  const places = members.map(([member]) => snakeCase(member)).join(", ");
  return [
    "        pub fn read(value: &Value) -> Option<Self> {",
    `            let [${places}] = value.members([${names}])?;`,
    `            Some(Self { ${members.map(([member, scalar]) => `${snakeCase(member)}: ${reading(scalar, snakeCase(member))}`).join(", ")} })`,
    "        }",
    "        pub fn write(&self) -> Value {",
    `            Value::map([${members.map(([member, scalar]) => `("${member}", ${writing(scalar, snakeCase(member))})`).join(", ")}])`,
    "        }",
  ];
}

function scalarMethods(members: Members): string[] {
  const [[member, scalar] = ["value", { kind: "bool" }] as const] = members;
  return [
    "        pub fn read(value: &Value) -> Option<Self> {",
    `            Some(Self { ${member}: ${reading(scalar, "value")} })`,
    "        }",
    "        pub fn write(&self) -> Value {",
    `            ${writing(scalar, member)}`,
    "        }",
  ];
}

function reading(scalar: Scalar, place: string): string {
  switch (scalar.kind) {
    case "int":
      return `${place}.as_int().filter(|int| (${scalar.min}..=${scalar.max}).contains(int))?`;
    case "number":
      return `${place}.as_number()?`;
    case "bool":
      return `${place}.as_bool()?`;
    case "text":
      return `${place}.as_text()?.to_string()`;
  }
}

function writing(scalar: Scalar, member: string): string {
  const variant = { int: "Int", number: "Number", bool: "Bool", text: "Text" }[scalar.kind];
  return `Value::${variant}(self.${member}${scalar.kind === "text" ? ".clone()" : ""})`;
}
