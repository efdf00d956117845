import { expect, test } from "vitest";
import { z } from "zod";
import { BulkheadError, reportError } from "./errors.ts";
import { describeCause, describeMisfit } from "./misfit.ts";

const items = z.strictObject({ items: z.array(z.number()) });
const flood = { items: Array.from({ length: 32_000 }, () => "no") };

function thrownBy(action: () => unknown): unknown {
  try {
    return action();
  } catch (error) {
    return error;
  }
}

test("[K7] what is wrong with a value is said in its first issues, and how many more there are", () => {
  const few = items.safeParse({ items: [1, "2"] });
  expect(describeMisfit(few.error as z.ZodError)).toBe(
    "✖ Invalid input: expected number, received string\n  → at items[1]",
  );
  const text = describeMisfit(items.safeParse(flood).error as z.ZodError);
  expect(text).toContain("→ at items[0]");
  expect(text).toMatch(/\(and 31992 more\)$/);
  expect(text.length).toBeLessThan(600);
});

test("[K7] an error that a schema threw has no giant text, wherever it is told", () => {
  const error = thrownBy(() => items.parse(flood));
  expect(describeCause(error).length).toBeLessThan(600);
  expect(reportError(error).message.length).toBeLessThan(600);
  const keys = Object.fromEntries(flood.items.map((_, index) => [`key-${index}`, 1]));
  const strict = thrownBy(() => z.strictObject({}).parse(keys));
  expect(reportError(strict).message.length).toBeLessThanOrEqual(2000);
});

test("other errors keep their message and their stack", () => {
  const error = new Error("it broke");
  expect(reportError(error).message).toBe("it broke");
  expect(describeCause(error)).toBe(error.stack);
  expect(describeCause("a word")).toBe("a word");
  expect(reportError(new BulkheadError("CONFLICT", "two")).message).toBe("two");
});
