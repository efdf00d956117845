import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createOutbox, type Message } from "./outbox.ts";

/** Machines that run eight things at once take their time. */
const eventually = <T>(probe: () => T | Promise<T>) => expect.poll(probe, { timeout: 20_000 });

const message = (n: number): Message => ({ topic: "t", payload: String(n) });

describe("[M5] the outbox of telemetry", () => {
  test("keeps order, never holds more than its capacity, and counts every message once as sent, waiting or lost", async () => {
    const step = fc.constantFrom("put" as const, "online" as const, "offline" as const, "acknowledge" as const);
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 80 }), async (steps) => {
        let online = false;
        let put = 0;
        const sent: number[] = [];
        const pending: (() => void)[] = [];
        const outbox = createOutbox({
          capacity: 5,
          maxInFlight: 2,
          canSend: () => online,
          send({ payload }) {
            sent.push(Number(payload));
            return new Promise((resolve) => pending.push(resolve));
          },
        });
        const actions = {
          put: () => outbox.put(message(put++)),
          offline: () => {
            online = false;
          },
          online: () => {
            online = true;
            outbox.drain();
          },
          acknowledge: () => pending.shift()?.(),
        };
        for (const what of steps) {
          actions[what]();
          await Promise.resolve().then(() => {});
          expect(pending.length).toBeLessThanOrEqual(2);
          expect(outbox.waiting).toBeLessThanOrEqual(5);
          expect(sent.length + outbox.waiting + outbox.lost).toBe(put);
        }
        expect(sent).toEqual(sent.toSorted((a, b) => a - b));
      }),
    );
  });

  test("counts what the broker did not take", async () => {
    const outbox = createOutbox({
      capacity: 5,
      maxInFlight: 2,
      canSend: () => true,
      send: () => Promise.reject(new Error("refused")),
    });
    outbox.put(message(1));
    await eventually(() => outbox.lost).toBe(1);
  });
});
