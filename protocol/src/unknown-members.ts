/**
 * Parsing what a newer program says: members that this version does not know are left out before the schema sees them, so
 * that they are neither believed nor kept. Everything else holds as strictly as ever (docs/decisions, "additive fields").
 */
import type { z } from "zod";

/** A newer version adds some; who adds this many is not one. */
const maxIgnored = 1000;
/** Members of what was ignored are gone with it, so that another look finds those of other branches only. */
const maxLooks = 8;

/** As `schema.parse(value)`, which it changes: unknown members are taken out of it. Throws ZodError. */
export function parseIgnoringUnknown<T>(schema: z.ZodType<T>, value: unknown): T {
  let ignored = 0;
  for (let look = 0; look < maxLooks; look += 1) {
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    const unknown = parsed.error.issues.filter((issue) => issue.code === "unrecognized_keys");
    ignored += unknown.reduce((sum, { keys }) => sum + keys.length, 0);
    if (unknown.length < parsed.error.issues.length || ignored > maxIgnored) throw parsed.error;
    for (const { path, keys } of unknown) removeKeys(value, path, keys);
  }
  return schema.parse(value);
}

function removeKeys(value: unknown, path: readonly PropertyKey[], keys: readonly string[]): void {
  let at: unknown = value;
  for (const part of path) at = (at as Record<PropertyKey, unknown> | undefined)?.[part];
  if (typeof at !== "object" || at === null) return;
  for (const key of keys) Reflect.deleteProperty(at, key);
}
