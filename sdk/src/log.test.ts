import { PassThrough } from "node:stream";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createLog, formatLine, streamLog } from "./log.ts";

describe("[K16] the log of a component", () => {
  test("is one line of level, text and fields", () => {
    expect(formatLine("info", "fan on", { pin: "P9_12", level: 1 })).toBe('info fan on {"pin":"P9_12","level":1}');
    expect(formatLine("warn", "two\nlines")).toBe("warn two\\nlines");
  });

  test("is at most 4096 characters and never throws, whatever it is given", () => {
    fc.assert(
      fc.property(fc.string(), fc.dictionary(fc.string(), fc.anything()), (text, fields) => {
        const lines: string[] = [];
        createLog((line) => lines.push(line)).info(text.repeat(100), fields);
        expect(lines).toHaveLength(1);
        expect(lines[0]?.length).toBeLessThanOrEqual(4096);
        expect(lines[0]).not.toContain("\n");
      }),
    );
    const circle: Record<string, unknown> = {};
    circle["self"] = circle;
    expect(formatLine("info", "x", circle)).toBe('info x {"fields":"cannot be shown"}');
  });

  test("drops lines that nobody reads, and says how many once somebody does", () => {
    const stream = new PassThrough({ highWaterMark: 1024 });
    const log = streamLog(stream);
    for (let i = 0; i < 1000; i++) log.info("x".repeat(1000));
    expect(stream.writableLength + stream.readableLength).toBeLessThan(100_000);
    while (stream.read() !== null);
    log.info("here again");
    expect(String(stream.read())).toMatch(/warn \d+ lines of this log were dropped.*\ninfo here again/);
  });
});
