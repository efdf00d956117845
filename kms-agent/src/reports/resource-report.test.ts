import type { FromDevice } from "@bulkhead/protocol";
import { expect, test, vi } from "vitest";
import type { OpenSession } from "../session/connection.ts";
import { resourcesOf } from "../testing/fake-device.ts";
import { reportResources } from "./resource-report.ts";

/** The longest that what is waited for may take; how long it takes is the machine's business. */
const patience = { timeout: 20_000, interval: 20 };

function openSession() {
  const over = new AbortController();
  const sent: FromDevice[] = [];
  const session: OpenSession = {
    send: (m) => sent.push(m),
    settled: async () => undefined,
    nextBatch: () => ({ batch: 1, stored: Promise.resolve() }),
    closed: over.signal,
  };
  return { session, sent, close: () => over.abort() };
}

/** Resolves when another report at the same pace has come `count` times: then this one could have, too. */
async function untilOthersReported(count: number): Promise<void> {
  const { session, sent, close } = openSession();
  reportResources(session, { report: async () => resourcesOf(1) }, () => undefined, 1);
  await vi.waitFor(() => expect(sent.length).toBeGreaterThanOrEqual(count), patience);
  close();
}

test("[K21] the report comes again and again with what is true then, also after one that failed, and ends with its session", async () => {
  const { session, sent, close } = openSession();
  const errors: unknown[] = [];
  let asked = 0;
  const scheduler = {
    report: async () => {
      asked += 1;
      if (asked === 2) throw new Error("the scheduler server is away");
      return resourcesOf(asked);
    },
  };
  reportResources(session, scheduler, (error) => errors.push(error), 1);
  await vi.waitFor(() => expect(sent.length).toBeGreaterThan(2), patience);
  expect(sent.slice(0, 2)).toEqual([1, 3].map((n) => ({ type: "resources", resources: resourcesOf(n) })));
  expect(errors).toHaveLength(1);
  close();
  const before = asked;
  await untilOthersReported(5);
  expect(asked).toBe(before);
});

test("[K21] while one report is on its way no other is sent, however slow the KMS", async () => {
  const { session, sent, close } = openSession();
  const slow = { ...session, settled: () => new Promise<void>(() => undefined) };
  reportResources(slow, { report: async () => resourcesOf(1) }, () => undefined, 1);
  await untilOthersReported(5);
  expect(sent).toHaveLength(1);
  close();
});
