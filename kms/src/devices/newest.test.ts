import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createMemoryBound } from "./newest.ts";

const step = fc.record({
  device: fc.integer({ min: 0, max: 200 }),
  kind: fc.constantFrom("crashes", "trace", "report"),
  length: fc.integer({ min: 0, max: 400 }),
  forgets: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
});

type Step = { device: number; kind: "crashes" | "trace" | "report"; length: number; forgets: boolean };

/**
 * The last of each device and kind, from the newest backwards until all that was told since would fill the bound. What was forgotten since
 * had its room all the same, and may have pushed out what was before.
 */
function mustBeThere(steps: readonly Step[], maxBytes: number): Step[] {
  let room = maxBytes;
  const last = new Map<string, Step>();
  for (const one of steps.toReversed()) {
    if (!one.forgets) room -= one.length + 32;
    if (room < 0) break;
    const key = `${one.kind} ${one.device}`;
    if (!last.has(key)) last.set(key, one);
  }
  return [...last.values()];
}

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
        for (const { device, kind, length, forgets } of steps) {
          const id = `d-${device}`;
          if (forgets) tables[kind].forget(id);
          else tables[kind].keep(id, kind, "x".repeat(length));
          expect(bound.sizeBytes()).toBeLessThanOrEqual(5_000);
        }
        for (const { device, kind, length, forgets } of mustBeThere(steps, 5_000)) {
          expect(tables[kind].of(`d-${device}`, kind)?.length).toBe(forgets ? undefined : length);
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
