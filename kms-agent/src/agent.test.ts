import { BulkheadError } from "@bulkhead/protocol";
import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { backoffMs, reconnectBackoff } from "./backoff.ts";
import { coalesce } from "./coalesce.ts";
import type { JournalEntry } from "./commands/journal.ts";
import { judgeInterrupted, maxTries, refuseCommand, resultOfFailure, resultOfVerdict } from "./commands/judge.ts";
import { createKmsClock } from "./kms-clock.ts";
import { createReceipts } from "./session/receipts.ts";

/** The longest that what is waited for may take; how long it takes is the machine's business. */
const patience = { timeout: 20_000, interval: 20 };

describe("[M4] waiting before the next try", () => {
  test("is between nothing and a ceiling that doubles from 0.2 s to 15 s", () => {
    fc.assert(
      fc.property(fc.nat(10_000), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (failures, random) => {
        const delayMs = backoffMs(failures, random);
        expect(delayMs).toBeGreaterThanOrEqual(0);
        expect(delayMs).toBeLessThanOrEqual(Math.min(reconnectBackoff.maxMs, 200 * 2 ** Math.min(failures, 20)));
      }),
    );
    expect(backoffMs(0, 0.999)).toBe(199);
    expect(backoffMs(50, 0.9999)).toBeGreaterThan(14_000);
  });
});

describe("coalesced work", () => {
  test("runs once for many reasons at a time, once more for those that came meanwhile, and never twice at once", async () => {
    let runs = 0;
    /** Ends the run that is at work. */
    let end: (() => void) | undefined;
    const work = coalesce(
      () => {
        expect(end).toBeUndefined();
        runs += 1;
        return new Promise((resolve) => {
          end = () => {
            end = undefined;
            resolve();
          };
        });
      },
      0,
      () => undefined,
    );
    for (let i = 0; i < 10; i += 1) work.poke();
    expect(runs).toBe(1);
    end?.();
    await vi.waitFor(() => expect(runs).toBe(2), patience);
    end?.();
    // Timers of one length come in the order in which they were set: the pause after the run is over then.
    await new Promise((resolve) => setImmediate(setTimeout, resolve, 0));
    expect(runs).toBe(2);
    work.poke();
    await vi.waitFor(() => expect(runs).toBe(3), patience);
    end?.();
    work.stop();
  });

  test("goes on after an error", async () => {
    const errors: unknown[] = [];
    let runs = 0;
    const work = coalesce(
      async () => {
        runs += 1;
        if (runs === 1) throw new Error("first");
      },
      0,
      (error) => errors.push(error),
    );
    work.poke();
    await vi.waitFor(() => expect(errors).toHaveLength(1), patience);
    work.poke();
    await vi.waitFor(() => expect(runs).toBe(2), patience);
  });
});

describe("receipts", () => {
  test("are given for all that was asked before a pong, and for nothing on a pong that was made up", async () => {
    const pings: string[] = [];
    const receipts = createReceipts((payload) => pings.push(payload));
    const given: number[] = [];
    const asked = [1, 2, 3].map((n) => receipts.ask().then(() => given.push(n)));
    receipts.confirm(Buffer.from("nonsense"));
    receipts.confirm(Buffer.alloc(0));
    receipts.confirm(Buffer.from(pings[1] ?? ""));
    await Promise.all(asked.slice(0, 2));
    expect(given).toEqual([1, 2]);
    receipts.fail("gone");
    await expect(asked[2]).rejects.toMatchObject({ code: "PEER_GONE" });
    await expect(receipts.ask()).rejects.toMatchObject({ code: "PEER_GONE" });
  });
});

describe("[M23] what the agent decides about a command", () => {
  const deviceId = "d-0123456789abcdef";
  const digest = "a".repeat(64);
  const restart = { kind: "restart-runtime" as const };
  const envelope = { id: "00000000-0000-4000-8000-000000000001", deviceId, deadlineMs: 1000, command: restart };
  const deploy = {
    ...envelope,
    command: { kind: "deploy" as const, target: "greenhouse-2.json", releaseDigest: digest },
  };
  const entry = (change: Partial<JournalEntry>): JournalEntry => ({
    envelope,
    state: "passed-on",
    tries: 1,
    result: null,
    isDelivered: false,
    ...change,
  });

  test("it is refused after its deadline and for another device", () => {
    expect(refuseCommand(envelope, deviceId, 1000)).toBeUndefined();
    expect(refuseCommand(envelope, deviceId, 1001)).toMatchObject({ outcome: "refused", code: "COMMAND_EXPIRED" });
    expect(refuseCommand(envelope, "d-ffffffffffffffff", 0)).toMatchObject({ code: "COMMAND_INVALID" });
  });

  const update = { currentReleaseDigest: digest, isRolledBack: false, reason: "" };
  const commands = [
    restart,
    { kind: "restart-component" as const, component: "climate" },
    { kind: "restart-component" as const, component: "kms-agent" },
    deploy.command,
  ];

  test("what was passed on before the agent went is never begun again, whatever it was to restart", () => {
    for (const command of commands.slice(0, 3)) {
      for (const isAllNew of [true, false]) {
        const interrupted = entry({ envelope: { ...envelope, command } });
        expect(judgeInterrupted(interrupted, { isAllNew, update: undefined })).toBeDefined();
        expect(judgeInterrupted(interrupted, { isAllNew, update })).toBeDefined();
      }
    }
  });

  test("a restart counts as done only where what is running shows it", () => {
    const outcomes = (isAllNew: boolean) =>
      commands.slice(0, 3).map((command) => {
        const interrupted = entry({ envelope: { ...envelope, command } });
        return judgeInterrupted(interrupted, { isAllNew, update })?.outcome;
      });
    expect(outcomes(true)).toEqual(["done", "failed", "done"]);
    expect(outcomes(false)).toEqual(["failed", "failed", "done"]);
  });

  test("what was only accepted is begun again, but not for ever", () => {
    const aftermath = { isAllNew: true, update };
    expect(judgeInterrupted(entry({ state: "accepted", tries: maxTries - 1 }), aftermath)).toBeUndefined();
    expect(judgeInterrupted(entry({ state: "accepted", tries: maxTries }), aftermath)?.outcome).toBe("failed");
  });

  test("an update that ended the agent is judged by what runs afterwards", () => {
    const interrupted = entry({ envelope: deploy });
    expect(judgeInterrupted(interrupted, { isAllNew: true, update })?.outcome).toBe("done");
    const other = { currentReleaseDigest: "b".repeat(64), isRolledBack: false, reason: "" };
    const rolledBack = { ...other, isRolledBack: true, reason: "climate did not start" };
    expect(judgeInterrupted(interrupted, { isAllNew: true, update: rolledBack })).toEqual({
      outcome: "failed",
      code: "RELEASE_FAILED_TO_START",
      message: "climate did not start",
    });
  });

  test("[M11] an update that a power cut ended before it was activated is begun again, whatever came of the one before, but not for ever", () => {
    const other = { currentReleaseDigest: "b".repeat(64), isRolledBack: false, reason: "" };
    const before = { ...other, isRolledBack: true, reason: "climate did not start", judgedDigest: "c".repeat(64) };
    for (const update of [undefined, other, before]) {
      for (const isAllNew of [true, false]) {
        const interrupted = (tries: number) =>
          judgeInterrupted(entry({ envelope: deploy, tries }), { isAllNew, update });
        expect(interrupted(maxTries - 1)).toBeUndefined();
        expect(interrupted(maxTries)).toMatchObject({ outcome: "failed", code: "INTERNAL" });
      }
    }
    const own = { ...before, judgedDigest: digest };
    expect(judgeInterrupted(entry({ envelope: deploy }), { isAllNew: true, update: own })).toMatchObject({
      code: "RELEASE_FAILED_TO_START",
    });
  });

  test("[M11] an update of what is held is not called activated by the digest alone: it failed where that is its outcome, else it is begun again", () => {
    const held = { ...update, isSafeMode: true, reason: "slot b did not start" };
    const judged = (isRolledBack: boolean) =>
      judgeInterrupted(entry({ envelope: deploy }), { isAllNew: true, update: { ...held, isRolledBack } });
    expect(judged(false)).toBeUndefined();
    expect(judged(true)).toMatchObject({ code: "RELEASE_FAILED_TO_START", message: "slot b did not start" });
  });

  test("bytes that are at fault are refused, circumstances fail, and a deadline that passed meanwhile is the reason", () => {
    const altered = new BulkheadError("RELEASE_ARTIFACT_ALTERED", "other bytes");
    const cut = new BulkheadError("FETCH_FAILED", "aborted");
    expect(resultOfFailure(altered, deploy, 0)).toMatchObject({ outcome: "refused", code: "RELEASE_ARTIFACT_ALTERED" });
    expect(resultOfFailure(cut, deploy, 0)).toMatchObject({ outcome: "failed", code: "FETCH_FAILED" });
    expect(resultOfFailure(cut, deploy, 1001)).toMatchObject({ outcome: "failed", code: "COMMAND_EXPIRED" });
  });

  test("a verdict of the verifier is passed on as it is", () => {
    expect(resultOfVerdict({ accepted: true, code: null, message: "good" })).toEqual({
      outcome: "done",
      code: null,
      message: "good",
    });
    expect(resultOfVerdict({ accepted: false, code: "RELEASE_ROLLBACK", message: "7 < 9" })).toEqual({
      outcome: "refused",
      code: "RELEASE_ROLLBACK",
      message: "7 < 9",
    });
  });

  test("a verifier that had no room has refused nothing", () => {
    const verdict = { accepted: false, code: "STORAGE_FULL", message: "no room" };
    expect(resultOfVerdict(verdict)).toMatchObject({ outcome: "failed", code: "STORAGE_FULL" });
  });
});

test("[M23] the KMS's clock goes on from what the KMS said, whatever the device's own clock does", () => {
  let monotonicMs = 5000;
  const clock = createKmsClock(() => monotonicMs);
  clock.set(1_000_000);
  monotonicMs += 250;
  expect(clock.nowMs()).toBe(1_000_250);
});
