import { open } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { attempt, refusal } from "./attempt.ts";

describe("[K7] an attempt of the intruder", () => {
  test("that succeeds is reported as not refused", async () => {
    expect(await attempt("look", "around", () => 1)).toEqual({
      what: "look",
      how: "around",
      refused: false,
      code: null,
    });
  });

  test("that fails carries the system's own code", async () => {
    expect(await attempt("read", "/none", () => open("/none/at/all"))).toMatchObject({ refused: true, code: "ENOENT" });
    const thrown = () => {
      throw refusal("EPERM");
    };
    expect(await attempt("throw", "at once", thrown)).toMatchObject({ refused: true, code: "EPERM" });
  });

  test("that is never answered counts as refused", async () => {
    expect(await attempt("wait", "for ever", () => new Promise(() => {}))).toMatchObject({
      refused: true,
      code: "ETIMEDOUT",
    });
  });
});
