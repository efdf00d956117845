/** The back-end with an add-on that does as it is told: filters, states, and what becomes of a socket. */
import { describe, expect, test } from "vitest";
import type { CanAddOn, RawChannel, RawFrame } from "./addon.ts";
import { createInbox } from "./inbox.ts";
import { filtersOf, linuxCan, stateOf } from "./linux.ts";

function addOn(sent = 16) {
  const told = { filters: [] as unknown[], stopped: 0 };
  const listeners: { onMessage?: (frame: RawFrame) => void; onStopped?: () => void } = {};
  class Channel implements RawChannel {
    constructor(device: string) {
      if (device !== "can-0") throw new Error("Error while creating channel");
    }
    addListener(event: "onMessage" | "onStopped", callback: (frame: RawFrame) => void): void {
      listeners[event] = callback as () => void;
    }
    start(): void {}
    stop(): void {
      told.stopped += 1;
      listeners.onStopped?.();
    }
    send(): number {
      return sent;
    }
    setRxFilters(filters: readonly unknown[]): void {
      told.filters.push(...filters);
    }
  }
  return { told, listeners, addOn: { RawChannel: Channel } satisfies CanAddOn };
}

const error = (id: number, controller = 0): RawFrame => ({
  id,
  err: true,
  data: Buffer.from([0, controller, 0, 0, 0, 0, 0, 0]),
});

function open(sent?: number) {
  const fake = addOn(sent);
  const heard: unknown[] = [];
  const port = linuxCan(fake.addOn).open("can-0", [1], {
    onFrame: ({ id }) => heard.push(id),
    onState: (state) => heard.push(state),
    onGone: () => heard.push("gone"),
  });
  return { ...fake, heard, port };
}

describe("[K11] the can driver on Linux", () => {
  test("[K9] asks the kernel for data frames of the granted identifiers alone, and for none where none is granted", () => {
    expect(filtersOf([0x123, 0x800])).toEqual([
      { id: 0x123, mask: 0xc000_07ff },
      { id: 0x8000_0800, mask: 0xdfff_ffff },
    ]);
    expect(filtersOf([])).toEqual([{ id: 0, mask: 0, invert: true }]);
    expect(open().told.filters).toHaveLength(1);
  });

  test("understands what the controller says of itself (linux/can/error.h)", () => {
    expect(stateOf(error(0x040))).toBe("off");
    expect(stateOf(error(0x100))).toBe("active");
    expect(stateOf(error(0x004, 0x20))).toBe("passive");
    expect(stateOf(error(0x004, 0x08))).toBe("warning");
    expect(stateOf(error(0x004, 0x40))).toBe("active");
    expect(stateOf(error(0x020))).toBeUndefined();
  });

  test("tells each state once, and no error as a frame", () => {
    const { heard, listeners } = open();
    for (const frame of [error(0x004, 0x20), error(0x004, 0x30), error(0x020), error(0x040), error(0x100)]) {
      listeners.onMessage?.(frame);
    }
    listeners.onMessage?.({ id: 1, data: Buffer.of() });
    expect(heard).toEqual(["passive", "off", "active", 1]);
  });

  test("[K9] tells nothing that came before the kernel had the filters, and no remote frame", () => {
    const { heard, listeners } = open();
    const data = Buffer.of();
    for (const frame of [{ id: 2 }, { id: 1, ext: true }, { id: 1, rtr: true }, { id: 1 }]) {
      listeners.onMessage?.({ ...frame, data });
    }
    expect(heard).toEqual([1]);
  });

  test("says of a frame that the kernel does not take why", () => {
    const { port, listeners } = open(-1);
    const frame = { id: 1, data: new Uint8Array() };
    expect(() => port.send(frame)).toThrow(expect.objectContaining({ code: "CAN_NOT_SENT" }));
    listeners.onMessage?.(error(0x040));
    expect(() => port.send(frame)).toThrow(expect.objectContaining({ code: "CAN_BUS_OFF" }));
  });

  test("an interface that is taken away is told once, and is closed by that", () => {
    const { port, listeners, heard, told } = open();
    listeners.onStopped?.();
    expect(heard).toEqual(["gone"]);
    expect(() => port.send({ id: 1, data: new Uint8Array() })).toThrow(
      expect.objectContaining({ code: "DEVICE_ABSENT" }),
    );
    port.close();
    expect(told.stopped).toBe(0);
  });

  test("a port that is closed tells nothing more", () => {
    const { port, heard, told } = open();
    port.close();
    port.close();
    expect([heard, told.stopped]).toEqual([[], 1]);
  });

  test("what nobody reads in time is dropped, the oldest first, and counted", async () => {
    const inbox = createInbox();
    const put = (id: number) => inbox.put({ id, data: new Uint8Array(), timeUs: 0 });
    put(7); // Before anybody reads.
    const frames = inbox.read(new AbortController().signal);
    const first = frames.next();
    put(8);
    expect((await first).value).toMatchObject({ id: 8, lost: 0 });
    for (let id = 0; id < 300; id += 1) put(id);
    expect((await frames.next()).value).toMatchObject({ id: 44, lost: 44 });
    expect((await frames.next()).value).toMatchObject({ id: 45, lost: 0 });
  });
});
