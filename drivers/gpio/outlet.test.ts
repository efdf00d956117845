/** The pins of a grant over a back-end in memory that fails when it is told to. */
import { BulkheadError, type ErrorCode, type GpioLineGrant } from "@bulkhead/protocol";
import { createLog } from "@bulkhead/sdk";
import { describe, expect, test, vi } from "vitest";
import type { Edge, Edges, GpioDriver, PinLevel } from "./driver.ts";
import { createOutlet } from "./outlet.ts";

type Fault = "claim" | "write" | "watch";

function bench(grant: GpioLineGrant) {
  /** What the pin has outside, claimed or not. */
  let level: PinLevel = 0;
  const faults = new Map<Fault, ErrorCode>();
  const state = { claims: 0, isClaimed: false, watched: "none" as Edges };
  let tell: ((edge: Edge) => void) | undefined;
  let goAway: (() => void) | undefined;
  const failAt = (place: Fault) => {
    const code = faults.get(place);
    if (code !== undefined) throw new BulkheadError(code, `${place} fails`);
  };
  const driver: GpioDriver = {
    stamps: "kernel",
    async claim(_, settings) {
      failAt("claim");
      state.claims += 1;
      state.isClaimed = true;
      if (settings.direction === "out") level = settings.safe;
      return {
        read: async () => [level],
        async write([written = 0]) {
          failAt("write");
          level = written;
        },
        async watch(edges, onEdge, onGone) {
          failAt("watch");
          state.watched = edges;
          [tell, goAway] = [onEdge, onGone];
        },
        async release() {
          state.isClaimed = false;
          state.watched = "none";
        },
      };
    },
  };
  const lines: string[] = [];
  const outlet = createOutlet(
    driver,
    grant,
    createLog((line) => lines.push(line)),
  );
  const heard: unknown[] = [];
  const holder = {
    onEdge: (edge: Edge) => void heard.push(edge.sequence),
    onPresence: (isPresent: boolean) => void heard.push(isPresent ? "back" : "gone"),
  };
  return {
    ...{ outlet, holder, heard, state, faults, lines },
    level: () => level,
    edge: () => tell?.({ pin: "P1", level: 1, timeUs: 1, sequence: 7 }),
    goAway: () => goAway?.(),
  };
}
const output = { pin: "P1", direction: "out" } as const;
const input = { pin: "P1", direction: "in" } as const;

describe("[K11] the pins of a grant", () => {
  test("are given back safe when the driver stops, although their client writes on meanwhile", async () => {
    const { outlet, holder, state, level } = bench(output);
    await outlet.hold();
    outlet.take(holder);
    const writes = [outlet.write([1])];
    const closed = outlet.close();
    for (let turn = 0; turn < 8; turn += 1) {
      writes.push(outlet.write([1]));
      await Promise.resolve();
    }
    await closed;
    await Promise.allSettled(writes);
    expect({ level: level(), isClaimed: state.isClaimed }).toEqual({ level: 0, isClaimed: false });
    await expect(outlet.write([1])).rejects.toMatchObject({ code: "GPIO_GONE" });
    expect(level()).toBe(0);
  });

  test("become safe as soon as they can where their client has gone and the safe state could not be set", async () => {
    const { outlet, holder, faults, lines, level } = bench(output);
    await outlet.hold();
    outlet.take(holder);
    await outlet.write([1]);
    // As of an expander whose bus has a fault: the controller is there, and its line is not.
    faults.set("write", "DEVICE_FAILED").set("claim", "DEVICE_FAILED");
    await outlet.leave(holder);
    expect(level()).toBe(1);
    expect(lines.join()).toMatch(/may not be in the safe state/);
    faults.clear();
    await vi.waitFor(() => expect(level()).toBe(0));
    await outlet.close();
  });

  test("are watched again when they are back, also where that did not succeed at once", async () => {
    const { outlet, holder, heard, state, faults, edge, goAway } = bench(input);
    outlet.take(holder);
    await outlet.watch("rising");
    faults.set("watch", "GPIO_GONE");
    goAway();
    await vi.waitFor(() => expect(state.claims).toBe(2));
    faults.clear();
    await vi.waitFor(() => expect(state.watched).toBe("rising"));
    edge();
    expect(heard).toEqual(["gone", "back", 7]);
    await outlet.close();
  });

  test("are read although they cannot be watched", async () => {
    const { outlet, holder, faults } = bench(input);
    outlet.take(holder);
    faults.set("watch", "DEVICE_FAILED");
    await expect(outlet.watch("both")).rejects.toMatchObject({ code: "DEVICE_FAILED" });
    expect(await outlet.read()).toEqual([0]);
    await outlet.close();
  });
});
