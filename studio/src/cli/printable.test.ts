import fc from "fast-check";
import { expect, test } from "vitest";
import { printable } from "./printable.ts";

test("[S8] what steers a terminal is shown, not obeyed", () => {
  expect(printable("\u001b]0;owned\u0007 \u009b2J\r\nup")).toBe("\\u001b]0;owned\\u0007 \\u009b2J\\u000d\\u000aup");
  expect(printable("ad\u202eoof\u200b")).toBe("ad\\u202eoof\\u200b");
  expect(printable("a\tb é 温度 🌱")).toBe("a\tb é 温度 🌱");
});

test("[S8] no text of any kind brings a control character to the terminal", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(printable(text)).not.toMatch(/[^\P{C}\t]/u);
    }),
  );
});
