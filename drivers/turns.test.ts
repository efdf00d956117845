import { describe, expect, test } from "vitest";
import { createSharedTurns, createTurns } from "./turns.ts";

describe("[K11] turns", () => {
  test("come one after the other, also after one that failed", async () => {
    const turns = createTurns();
    const events: string[] = [];
    const work = (name: string, ends: () => string) => async () => {
      events.push(`${name} begins`);
      await Promise.resolve();
      events.push(`${name} ends`);
      return ends();
    };
    const first = turns(
      work("first", () => {
        throw new Error("no");
      }),
    );
    const second = turns(work("second", () => "done"));
    await expect(first).rejects.toThrow("no");
    expect(await second).toBe("done");
    expect(events).toEqual(["first begins", "first ends", "second begins", "second ends"]);
  });

  test("on a shared thing go round: who asks without pause keeps others waiting for one of its calls", async () => {
    const shared = createSharedTurns<string>();
    const order: string[] = [];
    const [busy, other, elsewhere] = [shared.ofClient("adc-1"), shared.ofClient("adc-1"), shared.ofClient("adc-2")];
    const say = (name: string) => async () => void order.push(name);
    const calls = [...Array.from({ length: 100 }, () => busy(say("busy"))), other(say("other"))];
    await elsewhere(say("elsewhere"));
    expect(order).toContain("elsewhere");
    expect(order.length).toBeLessThan(10);
    await Promise.all(calls);
    expect(order.indexOf("other")).toBeLessThan(4);
    expect(order).toHaveLength(102);
  });
});
