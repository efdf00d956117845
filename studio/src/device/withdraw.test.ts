import { BulkheadError } from "@bulkhead/protocol";
import { expect, test } from "vitest";
import { findAwaited } from "./withdraw.ts";

const awaited = (number: number, name: string) => ({ number, name, createdAtMs: 1, expiresAtMs: 2 });

test("[K18] a token is withdrawn by the whole name of its board, and of no other's", () => {
  const open = [awaited(3, "bench-7"), awaited(4, "bench-77")];
  expect(findAwaited(open, "bench-77").number).toBe(4);
  expect(() => findAwaited(open, "bench")).toThrow(
    expect.objectContaining({ code: "NOT_FOUND", remedy: expect.stringContaining("bench-7, bench-77") }),
  );
  expect(() => findAwaited([], "bench")).toThrow(expect.objectContaining({ code: "NOT_FOUND" }));
});

test("[K18] what a service calls a board that is waited for steers no terminal", () => {
  const error = (() => {
    try {
      return findAwaited([awaited(3, "\u001b[2J")], "bench");
    } catch (thrown) {
      return thrown;
    }
  })();
  expect(error instanceof BulkheadError ? error.remedy : "").toBe("those that are: \\u001b[2J");
});
