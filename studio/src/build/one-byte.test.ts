import fc from "fast-check";
import { expect, test } from "vitest";
import { inOneByte } from "./one-byte.ts";

const isWide = (text: string) => /[\u0100-\uffff]/.test(text);
const evaluate = (code: string): unknown => new Function(`return ${code}`)();

test("[K10] text beyond Latin-1 means the same in a bundle, and takes one byte for a character", () => {
  for (const code of [
    '"21 °C → 70 °F…"',
    "`\\…`",
    "`a #{1} … #{2}…`".replaceAll("#", "$"),
    '{ "→": "😀" }["→"]',
    "'\\\\…'",
  ]) {
    const written = inOneByte(`(${code})`);
    expect(isWide(written)).toBe(false);
    expect(evaluate(written)).toEqual(evaluate(`(${code})`));
  }
});

test("[K10] any text survives", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const written = inOneByte(`(${JSON.stringify(text)})`);
      expect(evaluate(written)).toBe(text);
      expect(isWide(written.replaceAll(/[\u2028\u2029]/g, ""))).toBe(false);
    }),
    { numRuns: 40 },
  );
});

test("what would change its meaning is left alone: regular expressions, names, what a tag sees", () => {
  for (const code of ["/→/", "{ ε: 1 }", "String.raw`→`", "((strings) => strings.raw[0])`\\→`"]) {
    expect(inOneByte(`(${code})`)).toBe(`(${code})`);
  }
});
