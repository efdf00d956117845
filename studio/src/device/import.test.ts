import { expect, test } from "vitest";
import { operatorArguments } from "./import.ts";

const digest = "ab".repeat(32);

test("[M11] the digest that is meant is handed to the operator's program as digests are written, and what is none is misuse here", () => {
  expect(operatorArguments({ file: "/media/x.bulkhead" })).toEqual(["import", "/media/x.bulkhead"]);
  for (const given of [digest, digest.toUpperCase()]) {
    expect(operatorArguments({ file: "/media/x.bulkhead", digest: given, json: true })).toEqual([
      ...["import", "/media/x.bulkhead", "--digest", digest, "--json"],
    ]);
  }
  expect(() => operatorArguments({ file: "x", digest: "abc" })).toThrow(expect.objectContaining({ code: "USAGE" }));
});
