import { BulkheadError, type Frame } from "@bulkhead/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { trackCalls } from "./calls.ts";

const peerGone = (lost?: number) => new BulkheadError("PEER_GONE", "gone", { data: { lost } });
const far = 60_000;
const operation = (idempotent: boolean) => ({ arguments: z.unknown(), result: z.unknown(), idempotent });

type Action = { kind: "call"; idempotent: boolean } | { kind: "open" | "close" | "answer" | "stray" };
const action: fc.Arbitrary<Action> = fc.oneof(
  fc.record({ kind: fc.constant("call" as const), idempotent: fc.boolean() }),
  fc.record({ kind: fc.constantFrom("open" as const, "close" as const, "answer" as const, "stray" as const) }),
);

describe("[K3] calls that wait", () => {
  test("end exactly once, are sent at most twice, and twice only where that is allowed", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 60 }), async (actions) => {
        const calls = trackCalls("peer", peerGone);
        const sent: { id: number; call: number }[] = [];
        const idempotent: boolean[] = [];
        const ended: number[] = [];
        let open = false;
        const act = {
          call: (it: Action) => {
            const number = idempotent.push(it.kind === "call" && it.idempotent) - 1;
            const end = () => void ended.push(number);
            calls.start("op", operation(idempotent[number] as boolean), number, far).then(end, end);
          },
          open: () => {
            if (open) return;
            open = true;
            calls.opened((frame: Frame) => void sent.push({ id: frame[1] as number, call: frame[3] as number }));
          },
          close: () => {
            open = false;
            calls.closed(1);
          },
          answer: () => {
            const last = sent.at(-1);
            if (open && last) calls.answer(last.id, null, last.call);
          },
          stray: () => {
            expect(() => calls.answer(1_000_000, null, null)).toThrow(
              expect.objectContaining({ code: "IPC_FRAME_INVALID" }),
            );
          },
        };
        for (const it of actions) act[it.kind](it);
        calls.failAll(peerGone());
        await new Promise((resolve) => setImmediate(resolve));
        expect(ended.toSorted((a, b) => a - b)).toEqual(idempotent.map((_, number) => number));
        idempotent.forEach((isIdempotent, number) => {
          const times = sent.filter(({ call }) => call === number).length;
          expect(times).toBeLessThanOrEqual(isIdempotent ? 2 : 1);
        });
      }),
    );
  });

  test("for a peer that is known to be away fail at once where they may not be repeated", async () => {
    const calls = trackCalls("peer", peerGone);
    const once = calls.start("op", operation(false), null, far);
    const often = calls.start("op", operation(true), null, far);
    calls.peerDown();
    await expect(once).rejects.toMatchObject({ code: "PEER_GONE" });
    calls.opened((frame) => calls.answer(frame[1] as number, null, 7));
    expect(await often).toBe(7);
  });
});
