import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { oneLine } from "./runtime-log.ts";

describe("[K2] a line of the runtime", () => {
  test("is one line whatever a component gave as its reason, and steers no terminal", () => {
    expect(oneLine("gave up\r\n2026-11-22 generation 9 is committed")).toBe(
      "gave up | 2026-11-22 generation 9 is committed",
    );
    expect(oneLine("\u001b]0;title\u0007 \u202eback")).toBe("\\u001b]0;title\\u0007 \\u202eback");
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(oneLine(text)).not.toMatch(/(?!\t)[\p{Cc}\p{Cf}\u2028\u2029]/u);
      }),
    );
  });
});
