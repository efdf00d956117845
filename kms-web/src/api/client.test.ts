import { expect, test } from "vitest";
import { isWorthRetrying, problemFrom, problemOf } from "./client.ts";

test("[M20] a problem's code, words and way out are taken from the answer", () => {
  expect(problemFrom(409, { code: "CONFLICT", detail: "the name is taken", remedy: "choose another" })).toEqual({
    code: "CONFLICT",
    detail: "the name is taken",
    remedy: "choose another",
  });
});

test("[M20] an answer without an explanation, and an error of any kind, is a problem too", () => {
  for (const body of [undefined, null, "x", {}]) expect(problemFrom(502, body).detail).toContain("502");
  expect(problemOf(new Error("x"))).toEqual({ code: "INTERNAL", detail: "x" });
  expect(isWorthRetrying(new Error("x"))).toBe(true);
});
