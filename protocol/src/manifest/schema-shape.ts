/** Looks into a zod schema for what could stand at a place: the keys of an object, the words of a choice. */
import { z } from "zod";
import type { Json } from "../canonical-json.ts";
import type { Path } from "./source.ts";

/** Keys that an object at `path` may have. `data` tells branches of a union apart. */
export function keysAt(schema: z.ZodType, path: Path, data: Json): string[] {
  const found = schemasAt(schema, path);
  const here = at(data, path);
  const fitting = found.filter((candidate) => candidate instanceof z.ZodObject && fits(candidate, here));
  const objects = (fitting.length > 0 ? fitting : found).filter((candidate) => candidate instanceof z.ZodObject);
  return [...new Set(objects.flatMap((object) => Object.keys(object.shape)))];
}

/** Words that the value at `path` may be. */
export function choicesAt(schema: z.ZodType, path: Path, _data: Json): string[] {
  return schemasAt(schema, path).flatMap((candidate) => {
    if (candidate instanceof z.ZodEnum) return candidate.options.map(String);
    if (candidate instanceof z.ZodLiteral) return [...candidate.values].map(String);
    return [];
  });
}

// A branch of a discriminated union fits when its literal members have the values that the file has.
function fits(object: z.ZodObject, value: unknown): boolean {
  return Object.entries(object.shape).every(([key, member]) => {
    if (!(member instanceof z.ZodLiteral)) return true;
    return typeof value === "object" && value !== null && member.values.has((value as Record<string, never>)[key]);
  });
}

function schemasAt(schema: z.ZodType, path: Path): z.ZodType[] {
  const [head, ...rest] = path;
  const here = branches(schema);
  if (head === undefined) return here;
  return here.flatMap((candidate) => {
    const below = memberOf(candidate, head);
    return below ? schemasAt(below, rest) : [];
  });
}

function memberOf(schema: z.ZodType, key: string | number): z.ZodType | undefined {
  if (schema instanceof z.ZodObject)
    return Object.hasOwn(schema.shape, key) ? (schema.shape[key] as z.ZodType) : undefined;
  if (schema instanceof z.ZodRecord) return schema.valueType as z.ZodType;
  if (schema instanceof z.ZodArray) return schema.element as z.ZodType;
  return undefined;
}

function branches(schema: z.ZodType): z.ZodType[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) return branches(schema.unwrap() as z.ZodType);
  if (schema instanceof z.ZodPipe) return branches(schema.in as z.ZodType);
  // ZodDiscriminatedUnion is a ZodUnion too.
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => branches(option as z.ZodType));
  return [schema];
}

function at(data: Json, path: Path): unknown {
  let value: unknown = data;
  for (const part of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Record<string | number, unknown>)[part];
  }
  return value;
}
