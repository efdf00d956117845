import { BulkheadError, frameSchema } from "@bulkhead/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { fromCallError, parseFrame, parseValue, toCallError } from "./message.ts";

const oneOf = <T>(...values: T[]) => fc.constantFrom(...values);
const id = oneOf<unknown>(0, 1, 0xffffffff, -1, 0.5, 2 ** 32, "1", null);
const name = oneOf<unknown>("read", "", "x".repeat(64), "x".repeat(65), 1, null);
const error = oneOf<unknown>(
  null,
  undefined,
  {},
  { code: "A", message: "b" },
  { code: "A", message: "b", more: 1 },
  { code: 1, message: "b" },
  { code: "x".repeat(65), message: "b" },
  { code: "A", message: "x".repeat(2001) },
  [],
);
const nearFrame = fc.oneof(
  fc.tuple(oneOf<unknown>(0, 1, 2, 3, 4, 5, 6, 7, "0"), id, name, fc.jsonValue()),
  fc.tuple(fc.constant(1), id, error, fc.jsonValue()),
  fc.tuple(fc.constant(2), name, fc.jsonValue()),
  fc.tuple(fc.constant(3), id, name, fc.jsonValue(), id),
  fc.tuple(fc.constant(4), id, fc.jsonValue()),
  fc.tuple(fc.constant(5), id, id),
  fc.tuple(fc.constant(6), id, error),
  fc.array(fc.jsonValue()),
  fc.jsonValue(),
);

describe("[K3] messages", () => {
  test("are accepted and refused exactly as the schema of the protocol says", () => {
    fc.assert(
      fc.property(nearFrame, (message) => {
        const isFrame = frameSchema.safeParse(message).success;
        if (isFrame) expect(parseFrame(message)).toBe(message);
        else expect(() => parseFrame(message)).toThrow(expect.objectContaining({ code: "IPC_FRAME_INVALID" }));
      }),
      { numRuns: 2000 },
    );
  });

  test("carry the code of a coded error across, and nothing of any other", () => {
    const coded = toCallError(new BulkheadError("GPIO_LINE_BUSY", "pin 1 is taken"), "gpio.read");
    expect(fromCallError(coded, "fan.read")).toMatchObject({
      code: "GPIO_LINE_BUSY",
      message: "fan.read: pin 1 is taken",
    });
    expect(toCallError(new Error("secret"), "gpio.read").message).not.toContain("secret");
    const foreign = fromCallError({ code: "E_FUTURE", message: "?" }, "fan.read");
    expect(foreign).toMatchObject({ code: "COMPONENT_ERROR", data: { code: "E_FUTURE" } });
  });

  test("whose value a schema cannot even check are refused by code", () => {
    const explosive = z.unknown().transform(() => {
      throw new RangeError("stack");
    });
    const parse = () => parseValue(explosive, 1, "IPC_ARGUMENTS_INVALID", "x");
    expect(parse).toThrow(expect.objectContaining({ code: "IPC_ARGUMENTS_INVALID" }));
  });

  test("with 65 000 wrong items make a short error, in processor time that nobody notices", () => {
    const many = z.strictObject({ items: z.array(z.union([z.number(), z.strictObject({ milliC: z.number() })])) });
    const flood = { items: Array.from({ length: 65_000 }, () => "no") };
    const before = process.threadCpuUsage();
    for (const code of ["IPC_ARGUMENTS_INVALID", "IPC_RESULT_INVALID"] as const) {
      const error = caught(() => parseValue(many, flood, code, "push", "store"));
      expect(error).toMatchObject({
        code,
        message: expect.stringMatching(/^store\.push: .* at items\.0$/),
      });
      expect((error as Error).cause).toBeUndefined();
      expect(toCallError(error, "store.push").message.length).toBeLessThan(200);
    }
    expect(process.threadCpuUsage(before).user).toBeLessThan(5_000_000);
    const keys = Object.fromEntries(flood.items.map((_, index) => [`key-${index}`, 1]));
    const strict = caught(() => parseValue(z.strictObject({}), keys, "IPC_ARGUMENTS_INVALID", "push"));
    expect((strict as Error).message.length).toBeLessThanOrEqual(2000);
  });
});

function caught(action: () => unknown): unknown {
  try {
    return action();
  } catch (error) {
    return error;
  }
}
