/**
 * Which values of an interface other languages get a type for: a single value, and an object whose members are all single
 * values and always there. For the rest authors read and write MessagePack by hand, as the client libraries let them.
 */
import { z } from "zod";

export type Scalar =
  | { readonly kind: "int"; readonly min: number; readonly max: number }
  | { readonly kind: "number" }
  | { readonly kind: "bool" }
  | { readonly kind: "text" };

export type Shape =
  | { readonly kind: "null" }
  | { readonly kind: "object"; readonly members: readonly (readonly [name: string, type: Scalar])[] }
  /** A value that is one scalar; in a struct it is its member `value`. */
  | { readonly kind: "scalar"; readonly type: Scalar }
  | { readonly kind: "by-hand" };

const scalarSchema = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("integer"),
    minimum: z.number().optional(),
    exclusiveMinimum: z.number().optional(),
    maximum: z.number().optional(),
  }),
  z.object({ type: z.literal("number") }),
  z.object({ type: z.literal("boolean") }),
  z.object({ type: z.literal("string") }),
]);

const objectSchema = z.object({
  type: z.literal("object"),
  properties: z.record(z.string().regex(/^[a-zA-Z][a-zA-Z0-9]*$/), z.unknown()),
  required: z.array(z.string()).default([]),
  additionalProperties: z.literal(false),
});

/** Readers note the members that they saw in the bits of a number. */
const maxMembers = 32;

/** The shape of a value by its JSON Schema. */
export function shapeOf(schema: unknown): Shape {
  if (z.object({ type: z.literal("null") }).safeParse(schema).success) return { kind: "null" };
  const single = scalarOf(schema);
  if (single) return { kind: "scalar", type: single };
  const object = objectSchema.safeParse(schema).data;
  if (!object) return { kind: "by-hand" };
  const members = Object.entries(object.properties).flatMap(([name, member]): [string, Scalar][] => {
    const type = object.required.includes(name) ? scalarOf(member) : undefined;
    return type ? [[name, type]] : [];
  });
  const isPlain = members.length === Object.keys(object.properties).length && members.length <= maxMembers;
  return isPlain ? { kind: "object", members } : { kind: "by-hand" };
}

/** Members of the struct that a shape becomes; undefined where it becomes none. */
export function membersOf(shape: Shape): (readonly [name: string, type: Scalar])[] | undefined {
  if (shape.kind === "object") return [...shape.members];
  return shape.kind === "scalar" ? [["value", shape.type]] : undefined;
}

function scalarOf(schema: unknown): Scalar | undefined {
  const scalar = scalarSchema.safeParse(schema).data;
  switch (scalar?.type) {
    case "integer":
      // What JavaScript counts exactly, unless the interface says less.
      return {
        kind: "int",
        min: Math.max(scalar.minimum ?? (scalar.exclusiveMinimum ?? -Infinity) + 1, Number.MIN_SAFE_INTEGER),
        max: Math.min(scalar.maximum ?? Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
      };
    case "number":
      return { kind: "number" };
    case "boolean":
      return { kind: "bool" };
    case "string":
      return { kind: "text" };
    default:
      return undefined;
  }
}

/** `moisturePermille`, `simulated-bus` → `moisture_permille`, `simulated_bus`: a name in C and Rust; keywords get a `_` behind. */
export function snakeCase(name: string): string {
  const snake = name.replaceAll("-", "_").replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return keywords.has(snake) ? `${snake}_` : snake;
}

const keywords = new Set(
  // C11, 6.4.1, and what stdbool.h defines; then Rust's strict and reserved keywords (reference, "Keywords").
  `auto break case char const continue default do double else enum extern float for goto if inline int long register
  restrict return short signed sizeof static struct switch typedef union unsigned void volatile while bool true false
  as async await box crate dyn fn final impl in let loop macro match mod move mut override priv pub ref self super
  trait try type typeof unsafe unsized use virtual where yield abstract become`.split(/\s+/),
);
