import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalJson, type Json } from "./canonical-json.ts";

const integers = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    fc.constant(null),
    fc.boolean(),
    fc.maxSafeInteger(),
    fc.string({ unit: "binary" }),
    fc.array(tie("value")),
    fc.dictionary(fc.string({ unit: "binary" }), tie("value")),
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

  it("is a fixed point: what it wrote is written the same again", () => {
    fc.assert(
      fc.property(integers, (value) => {
        const text = canonicalJson(value);
        expect(canonicalJson(JSON.parse(text))).toBe(text);
      }),
    );
  });

  it("holds nothing that is not one Unicode text, in any part", () => {
    fc.assert(fc.property(integers, (value) => !/\p{Surrogate}/u.test(canonicalJson(value))));
  });

  // The keys of the example of RFC 8785, section 3.2.3, in the order that it prints.
  it("sorts keys by UTF-16 code units, as RFC 8785 does", () => {
    const ordered = ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\u{1f600}", "\ufb33"];
    const document = Object.fromEntries([...ordered].reverse().map((key) => [key, null]));
    expect(Object.keys(JSON.parse(canonicalJson(document)) as object).filter((key) => key !== "1")).toEqual(
      ordered.filter((key) => key !== "1"),
    );
    expect(canonicalJson(document)).toBe(
      `{"\\r":null,"1":null,"\u0080":null,"\u00f6":null,"\u20ac":null,"\u{1f600}":null,"\ufb33":null}`,
    );
  });

  // RFC 8785, section 3.2.2.2: two-letter escapes where JSON has them, \u00xx in lower case for other controls, no more.
  it("escapes what must be escaped, and that in one way", () => {
    expect(canonicalJson('\b\t\n\f\r"\\/\u000f\u007f\u2028\u20ac')).toBe(
      '"\\b\\t\\n\\f\\r\\"\\\\/\\u000f\u007f\u2028\u20ac"',
    );
    expect(canonicalJson("\ud83d")).toBe('"\\ud83d"');
  });

  it("has one zero, and integers without an exponent", () => {
    expect(canonicalJson([-0, 1e15, -9007199254740991])).toBe("[0,1000000000000000,-9007199254740991]");
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
