import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { opensToOf } from "./opens-to.ts";

const digest = "a".repeat(64);

describe("[S3] what a target opens to", () => {
  test("is a digest; what is readable says nothing of it, whatever else it says", () => {
    expect(opensToOf({ opensTo: digest, releaseCounter: 1, later: {} }, "x")).toBe(digest);
    for (const readable of [undefined, {}, { releaseCounter: 1 }]) expect(opensToOf(readable, "x")).toBeUndefined();
  });

  test("is nothing else: neither readable nor encrypted", () => {
    const refused = expect.objectContaining({
      code: "RELEASE_METADATA_INVALID",
      message: expect.stringContaining("x-1"),
    });
    const other = fc.jsonValue().filter((value) => typeof value !== "string" || !/^[0-9a-f]{64}$/.test(value));
    fc.assert(
      fc.property(other, (opensTo) => {
        expect(() => opensToOf({ opensTo }, "x-1.json")).toThrow(refused);
      }),
      { examples: [[5], [null], [""], [digest.toUpperCase()], [`${digest}0`], [[digest]]] },
    );
    for (const custom of [null, 5, digest, []]) expect(() => opensToOf(custom, "x-1.json")).toThrow(refused);
  });
});
