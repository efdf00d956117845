/** What the compiler may answer to any text at all. */
import { canonicalJson, isErrorCode, systemSchema } from "@bulkhead/protocol";
import { type Compiled, completePlan } from "@bulkhead/protocol/manifest";
import { expect } from "vitest";

/** A valid system, or errors of the table that have words and a place inside `text`. */
export function expectAnswer(compiled: Compiled, text: string): void {
  if ("plan" in compiled) {
    const system = completePlan(compiled.plan, () => "0".repeat(64));
    expect(systemSchema.safeParse(JSON.parse(canonicalJson(system))).error).toBeUndefined();
    return;
  }
  expect(compiled.errors.length).toBeGreaterThan(0);
  const rows = text.split(/\r\n|\n|\r/);
  for (const { code, place, message } of compiled.errors) {
    expect(isErrorCode(code)).toBe(true);
    expect(message).not.toBe("");
    expect(place?.line).toBeGreaterThanOrEqual(1);
    expect(place?.line).toBeLessThanOrEqual(rows.length + 1);
    expect(place?.column).toBeGreaterThanOrEqual(1);
  }
}
