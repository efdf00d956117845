import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalJson, type Json } from "./canonical-json.ts";

const integers = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    fc.constant(null),
    fc.boolean(),
    fc.maxSafeInteger(),
    fc.string(),
    fc.array(tie("value")),
    fc.dictionary(fc.string(), tie("value")),
  ),
})).value;

describe("[K1] canonical JSON", () => {
  it("reads back as what was written", () => {
    fc.assert(
      fc.property(integers, (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(normal(value));
      }),
    );
  });

  it("is the same bytes whatever order the keys came in", () => {
    expect(canonicalJson({ b: 1, a: [2, { d: 3, c: 4 }] })).toBe('{"a":[2,{"c":4,"d":3}],"b":1}');
    expect(canonicalJson({ a: [2, { c: 4, d: 3 }], b: 1 })).toBe('{"a":[2,{"c":4,"d":3}],"b":1}');
  });

  it.each([0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])(
    "refuses the number %s, which readers disagree about",
    (value) => {
      expect(() => canonicalJson({ value })).toThrow(TypeError);
    },
  );

  it("leaves out what is undefined", () => {
    expect(canonicalJson({ a: undefined, b: 1 })).toBe('{"b":1}');
  });
});

// JSON has one zero and plain objects.
function normal(value: Json): unknown {
  return JSON.parse(JSON.stringify(value));
}
