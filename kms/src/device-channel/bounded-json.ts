/**
 * JSON from a device, bounded before a schema sees it: checking costs far more per value than parsing, and every value
 * may become an issue. Four megabytes of `{},{},…` in the place of components kept the schema busy for half a minute and
 * took all memory of the KMS, from one device.
 */

/** In one array or object; the longest list that a device sends is that of its channels. */
export const maxMembers = 4096;
/** In one message; a system of a thousand components stays below it. */
export const maxValues = 100_000;

/** Throws RangeError beyond the bounds, SyntaxError for what is not JSON. */
export function parseBoundedJson(text: string): unknown {
  const parsed: unknown = JSON.parse(text);
  // Not recursive: JSON may be nested a million times.
  const open: unknown[] = [parsed];
  let seen = 0;
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (typeof value !== "object" || value === null) continue;
    const members = Array.isArray(value) ? value : Object.values(value);
    seen += members.length;
    if (members.length > maxMembers || seen > maxValues) throw new RangeError("it holds more values than any message");
    for (const member of members) open.push(member);
  }
  return parsed;
}
