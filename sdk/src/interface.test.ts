import { describe, expect, test } from "vitest";
import { z } from "zod";
import { defineInterface } from "./interface.ts";

const operation = { arguments: z.null(), result: z.null(), idempotent: true };
const stream = { arguments: z.null(), item: z.number(), direction: "from-provider" } as const;

describe("[K3] an interface", () => {
  test("has another digest when a stream, its item or its direction is another", () => {
    const digestOf = (
      streams: Record<string, { arguments: z.ZodType; item: z.ZodType; direction: "from-provider" | "from-client" }>,
    ) => defineInterface({ name: "i", operations: { a: operation }, streams }).digest;
    const digests = [
      digestOf({}),
      digestOf({ s: stream }),
      digestOf({ t: stream }),
      digestOf({ s: { ...stream, item: z.string() } }),
      digestOf({ s: { ...stream, direction: "from-client" } }),
    ];
    expect(new Set(digests).size).toBe(5);
  });

  test("without streams keeps the digest that it had before there were any", () => {
    expect(defineInterface({ name: "i", operations: { a: operation } }).digest).toBe(
      defineInterface({ name: "i", operations: { a: operation }, streams: {} }).digest,
    );
  });

  test("has one name for one thing, and none that every client has", () => {
    expect(() => defineInterface({ name: "i", operations: { a: operation }, streams: { a: stream } })).toThrow(
      "a is the name of an operation and of a stream",
    );
    expect(() => defineInterface({ name: "i", operations: { channel: operation } })).toThrow("channel");
  });
});
