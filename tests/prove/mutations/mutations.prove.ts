/**
 * Takes each protection away in turn, in a copy of the checkout, and sees a test fail: `npm run prove -- mutations`. Needs
 * root, as the specifications of sandboxes do.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Checkout, copyCheckout } from "./checkout.ts";
import { mutations } from "./table.ts";

let checkout: Checkout;
beforeAll(async () => {
  checkout = await copyCheckout();
});
afterAll(() => checkout.remove());

describe("with everything in place", () => {
  const files = [...new Set(mutations.map(({ test: { file } }) => file))];
  test.each(files)("%s passes", async (file) => {
    const { passed, output } = await checkout.run({ file });
    expect(passed, output).toBe(true);
  });
});

describe("a test fails without", () => {
  test.each(mutations.map((mutation) => [mutation.without, mutation] as const))("%s", async (_, mutation) => {
    const { passed, output } = await checkout.runWithout(mutation);
    expect(passed, output).toBe(false);
    // By what was tested, not by a change that is no program any more, or a name that fits no test.
    expect(output).toMatch(/FAIL/);
    expect(output).not.toMatch(/SyntaxError|PARSE_ERROR|Transform failed|No test files found|is not defined/);
    expect(output).toMatch(/\d+ failed/);
  });
});
