/** Turns what zod says about a file into errors for its author: code, place, what is wrong, what to write instead. */
import type { z } from "zod";
import type { Json } from "../canonical-json.ts";
import type { ErrorReport } from "../errors.ts";
import { choicesAt, keysAt } from "./schema-shape.ts";
import type { Path, Source } from "./source.ts";
import { suggest } from "./suggest.ts";

type Issue = z.core.$ZodIssue;

/** Parses the data of `source` with `schema`: the value, or every error in the order of the file. */
export function parseWritten<T extends z.ZodType>(
  schema: T,
  source: Source,
): { value: z.output<T> } | { errors: ErrorReport[] } {
  const parsed = schema.safeParse(source.data);
  if (parsed.success) return { value: parsed.data };
  const errors = parsed.error.issues.flatMap((issue) => reportsOf(issue, [], { schema, source }));
  return { errors: inFileOrder(errors) };
}

/** Sorts by place; of the same error at the same place only one stays. */
export function inFileOrder(errors: readonly ErrorReport[]): ErrorReport[] {
  const unique = new Map(errors.map((error) => [JSON.stringify(error), error]));
  return [...unique.values()].sort(
    (a, b) => (a.place?.line ?? 0) - (b.place?.line ?? 0) || (a.place?.column ?? 0) - (b.place?.column ?? 0),
  );
}

type Context = { schema: z.ZodType; source: Source };

function reportsOf(issue: Issue, base: Path, context: Context): ErrorReport[] {
  const path: Path = [...base, ...issue.path.filter((part) => typeof part !== "symbol")];
  if (issue.code === "unrecognized_keys") return issue.keys.map((key) => unknownKey(key, path, context));
  if (issue.code === "invalid_key") return [badKey(issue, path, context)];
  if (issue.code === "invalid_union") return unionReports(issue, path, context);
  const remedy = issue.code === "invalid_value" ? choiceRemedy(path, context) : undefined;
  if (isMissing(path, context.source.data)) return [missingKey(path, context)];
  const message = `${subject(path)}: ${sentence(issue)}`;
  return [{ code: "MANIFEST_INVALID_VALUE", message, place: context.source.placeOf(path), ...(remedy && { remedy }) }];
}

function unknownKey(key: string, path: Path, { schema, source }: Context): ErrorReport {
  const remedy = suggest(key, keysAt(schema, path, source.data)) ?? "remove it";
  const where = path.length === 0 ? "at the top level" : `in ${subject(path)}`;
  const message = `unknown key \`${key}\` ${where}`;
  return { code: "MANIFEST_UNKNOWN_KEY", message, place: source.keyPlaceOf([...path, key]), remedy };
}

function badKey(issue: Issue & { code: "invalid_key" }, path: Path, { source }: Context): ErrorReport {
  const why = issue.issues[0]?.message ?? "not allowed here";
  const message = `\`${String(path.at(-1))}\` cannot be a key here: ${why}`;
  return { code: "MANIFEST_INVALID_VALUE", message, place: source.keyPlaceOf(path) };
}

function missingKey(path: Path, { source }: Context): ErrorReport {
  const parent = path.slice(0, -1);
  const where = parent.length === 0 ? "the file" : subject(parent);
  const place = parent.length === 0 ? source.placeOf(parent) : source.keyPlaceOf(parent);
  const key = String(path.at(-1));
  return { code: "MANIFEST_MISSING_KEY", message: `${where} lacks \`${key}\``, place, remedy: `write \`${key}: …\`` };
}

// The author meant the branch whose outer type fits; only where none does is the union itself the error.
function unionReports(issue: Issue & { code: "invalid_union" }, path: Path, context: Context): ErrorReport[] {
  const fitting = issue.errors.filter((branch) => !branch.some((inner) => isWrongType(inner)));
  const [branch] = fitting.length > 0 ? fitting : [];
  if (branch) return branch.flatMap((inner) => reportsOf(inner, path, context));
  const discriminator = "discriminator" in issue ? issue.discriminator : undefined;
  if (typeof discriminator === "string") return [badDiscriminator([...path], discriminator, context)];
  const described = issue.errors.flat().find((inner) => inner.code !== "invalid_type" || !isDefault(inner.message));
  const message = `${subject(path)}: ${described?.message ?? "a value of this type cannot stand here"}`;
  return [{ code: "MANIFEST_INVALID_VALUE", message, place: context.source.placeOf(path) }];
}

function badDiscriminator(path: Path, key: string, context: Context): ErrorReport {
  // zod's path already ends in the discriminator where it has read one.
  const full = path.at(-1) === key ? path : [...path, key];
  if (isMissing(full, context.source.data)) return missingKey(full, context);
  const remedy = choiceRemedy(full, context);
  const message = `${subject(full)}: \`${String(valueAt(context.source.data, full))}\` is not one of the choices`;
  const place = context.source.placeOf(full);
  return { code: "MANIFEST_INVALID_VALUE", message, place, ...(remedy && { remedy }) };
}

const isWrongType = (issue: Issue): boolean => issue.code === "invalid_type" && issue.path.length === 0;
const isDefault = (message: string): boolean => message.startsWith("Invalid input");

function choiceRemedy(path: Path, { schema, source }: Context): string | undefined {
  const value = valueAt(source.data, path);
  return suggest(typeof value === "string" ? value : "", choicesAt(schema, path, source.data));
}

/** What is wrong, without the place: our own words where a schema says nothing of its own. */
export function sentence(issue: Issue): string {
  if (issue.code === "invalid_type" && isDefault(issue.message)) return `expected ${typeName(issue.expected)}`;
  if (issue.code === "invalid_value")
    return `it must be ${issue.values.map((value) => `\`${String(value)}\``).join(" or ")}`;
  if (issue.code === "too_small") return bound(issue.origin, "at least", Number(issue.minimum));
  if (issue.code === "too_big") return bound(issue.origin, "at most", Number(issue.maximum));
  return lowerFirst(issue.message);
}

function bound(origin: string, word: string, limit: number): string {
  if (origin === "array") return `the list must have ${word} ${limit} element${limit === 1 ? "" : "s"}`;
  if (origin === "string") return `the text must have ${word} ${limit} characters`;
  return `it must be ${word} ${limit}`;
}

const typeNames: Readonly<Record<string, string>> = {
  object: "keys with values",
  record: "keys with values",
  array: "a list",
  string: "text",
  int: "an integer",
  number: "a number",
  boolean: "true or false",
};
const typeName = (expected: string): string => typeNames[expected] ?? expected;
const lowerFirst = (text: string): string =>
  /^[A-Z][a-z]/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text;

/** `components.climate.memory`, as an author would say it. */
export function subject(path: Path): string {
  return path.length === 0 ? "the file" : path.map((part) => String(part)).join(".");
}

function isMissing(path: Path, data: Json): boolean {
  const parent = valueAt(data, path.slice(0, -1));
  const key = path.at(-1);
  if (typeof key !== "string" || typeof parent !== "object" || parent === null) return false;
  return !Object.hasOwn(parent, key);
}

function valueAt(data: Json | undefined, path: Path): Json | undefined {
  let value: unknown = data;
  for (const part of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<string | number, unknown>)[part];
  }
  return value as Json | undefined;
}
