import { BulkheadError } from "@bulkhead/protocol";
import { createLog } from "@bulkhead/sdk";
import { describe, expect, test } from "vitest";
import { createHoldings } from "./holdings.ts";

function bench() {
  const events: string[] = [];
  const lines: string[] = [];
  const holdings = createHoldings(createLog((line) => lines.push(line)));
  const client = (component: string) => {
    const listeners: (() => void)[] = [];
    return {
      component,
      onGone: (listener: () => void) => void listeners.push(listener),
      leave() {
        for (const each of listeners) each();
      },
    };
  };
  const lamp = (more: Partial<{ open: () => Promise<string>; putAside: () => Promise<void> }> = {}) => ({
    key: "lamp",
    async open() {
      events.push("open");
      return "lamp";
    },
    async putAside() {
      events.push("aside");
    },
    ...more,
  });
  return { events, lines, holdings, client, lamp };
}

describe("[K11] what one client has at a time", () => {
  test("is opened once, and used by one call after the other, also after one that failed", async () => {
    const { events, holdings, client, lamp } = bench();
    const holding = holdings.hold(client("a"), lamp());
    let running = 0;
    const uses = [1, 2, 3].map((turn) =>
      holding.use(async () => {
        expect(++running).toBe(1);
        await Promise.resolve();
        running--;
        if (turn === 2) throw new Error("no");
        return turn;
      }),
    );
    const settled = await Promise.allSettled(uses);
    expect(settled.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(events).toEqual(["open"]);
  });

  test("is put aside before the next has it, and nobody has it by a connection that has ended", async () => {
    const { events, holdings, client, lamp } = bench();
    const first = client("a");
    const held = holdings.hold(first, lamp());
    await held.use(() => events.push("first"));
    first.leave();
    const next = holdings.hold(client("b"), lamp());
    await next.use(() => events.push("next"));
    expect(events).toEqual(["open", "first", "aside", "open", "next"]);
    await expect(held.use(() => 1)).rejects.toMatchObject({ code: "DEVICE_BUSY" });
  });

  test("is opened again by its next use after it was away, or could not be opened", async () => {
    const { holdings, client, lamp } = bench();
    const absent = new BulkheadError("DEVICE_ABSENT", "gone");
    let opened = 0;
    const open = async () => {
      if (++opened === 1) throw absent;
      return "lamp";
    };
    const holding = holdings.hold(client("a"), lamp({ open }));
    await expect(holding.use(() => 1)).rejects.toBe(absent);
    await expect(holding.use(() => Promise.reject(absent))).rejects.toBe(absent);
    expect(await holding.use(() => 2)).toBe(2);
    expect(opened).toBe(3);
  });

  test("is free for the next although it could not be made safe, which is told", async () => {
    const { lines, holdings, client, lamp } = bench();
    const first = client("a");
    const putAside = () => Promise.reject(new Error("stuck"));
    await holdings.hold(first, lamp({ putAside })).use(() => 1);
    first.leave();
    expect(await holdings.hold(client("b"), lamp()).use(() => 2)).toBe(2);
    expect(lines.join()).toMatch(/lamp may not be in its safe state/);
  });

  test("is put aside when all are, once", async () => {
    const { events, holdings, client, lamp } = bench();
    const first = client("a");
    await holdings.hold(first, lamp()).use(() => 1);
    await holdings.putAllAside();
    first.leave();
    await holdings.putAllAside();
    expect(events).toEqual(["open", "aside"]);
  });

  test("is nobody's after all were put aside: who comes while the driver stops gets nothing", async () => {
    const { events, holdings, client, lamp } = bench();
    const late = holdings.hold(client("connected"), lamp());
    await holdings.putAllAside();
    const busy = { code: "DEVICE_BUSY" };
    await expect(late.use(() => 1)).rejects.toMatchObject(busy);
    await expect(holdings.hold(client("comes"), lamp()).use(() => 1)).rejects.toMatchObject(busy);
    expect(events).toEqual([]);
  });
});
