/**
 * Canonical JSON: the one byte form of a document that is signed, stored, compared and shown. Keys are sorted by
 * UTF-16 code units, there is no white space, and numbers are integers only (RFC 8785 without its number rules, which
 * integers do not need). One thing differs: RFC 8785 (section 3.2.2.2) refuses half a surrogate pair, and here it is escaped,
 * for a record of what a component said must not fail for what it said. What is signed holds none: the compiler refuses it.
 */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };

/** Serialises `value`; undefined members are left out. Throws a TypeError on a number that is not a safe integer. */
export function canonicalJson(value: Json): string {
  if (value === null || typeof value === "boolean" || typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number") {
    if (!Number.isSafeInteger(value)) throw new TypeError(`canonical JSON holds safe integers only, not ${value}`);
    return Object.is(value, -0) ? "0" : String(value);
  }
  if (isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  const members = Object.keys(value)
    .sort()
    .flatMap((key) => {
      const member = value[key];
      return member === undefined ? [] : [`${JSON.stringify(key)}:${canonicalJson(member)}`];
    });
  return `{${members.join(",")}}`;
}

// Array.isArray does not narrow readonly arrays.
function isArray(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
