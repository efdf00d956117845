import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createMemoryBound } from "./newest.ts";

const step = fc.record({
  device: fc.integer({ min: 0, max: 200 }),
  kind: fc.constantFrom("crashes", "trace", "report"),
  length: fc.integer({ min: 0, max: 400 }),
  forgets: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
});

describe("[M4] what the management service keeps of its devices in memory", () => {
  test("never takes more than its bound whatever how many devices tell, and keeps what was told last", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300, size: "max" }), (steps) => {
        const bound = createMemoryBound(5_000);
        const tables = {
          crashes: bound.newest<string>(),
          trace: bound.newest<string>(),
          report: bound.newest<string>(),
        };
        const last = new Map<string, string>();
        for (const { device, kind, length, forgets } of steps) {
          const id = `d-${device}`;
          const text = "x".repeat(length);
          last.delete(`${kind} ${id}`);
          if (forgets) {
            tables[kind].forget(id);
            continue;
          }
          tables[kind].keep(id, kind, text);
          last.set(`${kind} ${id}`, text);
          expect(bound.sizeBytes()).toBeLessThanOrEqual(5_000);
        }
        // From the newest backwards until the bound is full: all of them are there.
        let room = 5_000;
        const there = [...last].reverse().filter(([, { length }]) => {
          room -= length + 32;
          return room >= 0;
        });
        for (const [key, text] of there) {
          const [kind = "", id = ""] = key.split(" ");
          expect(tables[kind as keyof typeof tables].of(id, kind)).toBe(text);
        }
      }),
    );
  });

  test("a device that tells of more than all may have together is not kept, and pushes nobody out", () => {
    const bound = createMemoryBound(1_000);
    const table = bound.newest<string>();
    table.keep("d-1", "a", "x".repeat(100));
    table.keep("d-2", "a", "x".repeat(2_000));
    expect([table.of("d-1", "a")?.length, table.of("d-2", "a")]).toEqual([100, undefined]);
  });
});
