import { type Frame, maxOpenStreams, maxOutstandingCalls } from "@bulkhead/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createJudge } from "./judge.ts";

const greeting = (component: string): Frame => [
  2,
  "hello",
  { protocol: 1, interface: "i2c-device", digest: "d", component, incarnation: 1 },
];

function judged({ operations = null as string[] | null, ratePerSecond = null as number | null } = {}) {
  const counters = { passed: 0, notGranted: 0, rateLimited: 0, droppedNotifications: 0, broken: 0 };
  let nowMs = 0;
  const terms = { client: "climate", provider: "i2c", interface: "i2c-device", operations, ratePerSecond };
  const judge = createJudge(terms, counters, () => nowMs);
  return {
    judge,
    counters,
    wait(ms: number) {
      nowMs += ms;
    },
    greeted() {
      judge.fromClient(greeting("climate"));
      judge.fromProvider(greeting("i2c"));
      return judge;
    },
  };
}
const invalid = expect.objectContaining({ code: "IPC_FRAME_INVALID" });
const answered = (code: string) => ({ answer: expect.arrayContaining([expect.objectContaining({ code })]) });

describe("[K3] an inspected channel", () => {
  test("knows both ends by the manifest: who calls itself otherwise, or says anything before hello, is cut off", () => {
    expect(() => judged().judge.fromClient(greeting("fan"))).toThrow(invalid);
    expect(() => judged().judge.fromProvider(greeting("climate"))).toThrow(invalid);
    expect(() => judged().judge.fromClient([0, 1, "read", null])).toThrow(invalid);
    expect(judged().judge.fromClient(greeting("climate"))).toBe("pass");
  });

  test("lets through the operations of its list and answers the others itself", () => {
    const { greeted, counters } = judged({ operations: ["read"] });
    const judge = greeted();
    expect(judge.fromClient([0, 1, "read", null])).toBe("pass");
    expect(judge.fromClient([0, 2, "write", null])).toEqual(answered("IPC_NOT_GRANTED"));
    expect(judge.fromClient([3, 1, "watch", null, 100])).toEqual(answered("IPC_NOT_GRANTED"));
    expect(counters).toMatchObject({ passed: 1, notGranted: 2 });
  });

  test("holds to its rate: in no second more than twice as many, in the long run as many, notifications likewise", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 100, maxLength: 300 }), (pauses) => {
        const { greeted, counters, wait } = judged({ ratePerSecond: 10 });
        const judge = greeted();
        let elapsedMs = 0;
        pauses.forEach((pauseMs, id) => {
          wait(pauseMs);
          elapsedMs += pauseMs;
          if (judge.fromClient([0, id, "read", null]) === "pass") judge.fromProvider([1, id, null, null]);
          judge.fromProvider([2, "changed", null]);
        });
        const most = 10 + elapsedMs / 100;
        expect(counters.passed).toBeLessThanOrEqual(most);
        expect(counters.passed + counters.rateLimited).toBe(pauses.length);
        expect(pauses.length - counters.droppedNotifications).toBeLessThanOrEqual(most);
      }),
    );
    const { greeted, wait } = judged({ ratePerSecond: 1 });
    const judge = greeted();
    judge.fromClient([0, 1, "read", null]);
    expect(judge.fromClient([0, 2, "read", null])).toEqual(answered("IPC_RATE_LIMITED"));
    wait(1000);
    expect(judge.fromClient([0, 3, "read", null])).toBe("pass");
  });

  test("does not trust the provider: it may not ask, nor answer twice or what was not asked", () => {
    const judge = judged().greeted();
    expect(() => judge.fromProvider([1, 5, null, null])).toThrow(invalid);
    judge.fromClient([0, 5, "read", null]);
    expect(judge.fromProvider([1, 5, null, null])).toBe("pass");
    expect(() => judge.fromProvider([1, 5, null, null])).toThrow(invalid);
    expect(() => judge.fromProvider([0, 5, "read", null])).toThrow(invalid);
    expect(() => judge.fromProvider([3, 5, "read", null, 1])).toThrow(invalid);
  });

  test("does not trust the client: it may not answer, nor use an identifier twice, nor wait for more than the bound", () => {
    const judge = judged().greeted();
    expect(() => judge.fromClient([1, 0, null, null])).toThrow(invalid);
    expect(() => judge.fromClient([2, "changed", null])).toThrow(invalid);
    for (let id = 0; id < maxOutstandingCalls; id++) expect(judge.fromClient([0, id, "read", null])).toBe("pass");
    expect(() => judge.fromClient([0, 0, "read", null])).toThrow(invalid);
    expect(judge.fromClient([0, 900, "read", null])).toEqual(answered("IPC_OVERLOADED"));
  });

  test("forgets streams that have ended, whichever end ended them", () => {
    const judge = judged().greeted();
    for (let id = 1; id < 10 * maxOpenStreams; id++) {
      expect(judge.fromClient([3, id, "watch", null, 100])).toBe("pass");
      expect(judge.fromProvider([4, id, 1])).toBe("pass");
      judge.fromClient([6, id, null]);
      expect(judge.fromProvider([4, id, 2])).toBe("drop");
    }
    for (let id = 1000; id < 1000 + 10 * maxOpenStreams; id++) {
      expect(judge.fromClient([3, id, "upload", null, 0])).toBe("pass");
      expect(judge.fromClient([4, id, 1])).toBe("pass");
      judge.fromClient([6, id, null]);
      expect(judge.fromProvider([6, id, null])).toBe("pass");
    }
  });
});
