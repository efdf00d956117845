/** docs/features.md says what the tests prove, and is up to date. */
import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { describeFeatures, featuresFile, render, testsIn } from "./features.mjs";

test("docs/features.md is what `node scripts/features.mjs` writes", async () => {
  const current = await readFile(featuresFile, "utf8").catch(() => "");
  expect(current === (await describeFeatures()), "docs/features.md is stale: run `node scripts/features.mjs`").toBe(
    true,
  );
});

test("numbers are read from test names, also of each and skipIf, and a describe hands its own down", () => {
  const text = `
    test("[K1] [K2] first", () => {});
    test("no number", () => {});
    it.each([1])("[K3] value %s", () => {});
    describe.skipIf(x)("[M1] group", () => { test(\`inside \${y}\`, () => {}); });
    const other = "[K9] not a test"; // test("[K9] nor this")
  `;
  expect(testsIn("a.test.ts", text)).toEqual([
    { file: "a.test.ts", name: "first", numbers: ["K1", "K2"] },
    { file: "a.test.ts", name: "value %s", numbers: ["K3"] },
    { file: "a.test.ts", name: "inside …", numbers: ["M1"] },
  ]);
});

test("a feature without tests is said to have none, and a number that does not exist is refused", () => {
  const parts = [{ part: "K", title: "On the device", features: [{ number: "K1", text: "manifest" }] }];
  expect(render(parts, [])).toContain("0 of 1 have tests.\n\n**K1** manifest\n\n- none yet");
  expect(render(parts, [{ file: "a.test.ts", name: "x", numbers: ["K1"] }])).toContain("- `a.test.ts`\n  - x");
  expect(() => render(parts, [{ file: "a.test.ts", name: "x", numbers: ["K99"] }])).toThrow(/a\.test\.ts.*K99/);
});
