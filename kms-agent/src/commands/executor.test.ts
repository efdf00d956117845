import { randomUUID } from "node:crypto";
import type { CommandEnvelope } from "@bulkhead/protocol";
import { expect, test, vi } from "vitest";
import { createExecutor, type ExecutorPorts } from "./executor.ts";
import type { Journal, JournalEntry } from "./journal.ts";

const deviceId = "d-0123456789abcdef";
const patience = { timeout: 20_000, interval: 5 };

function memoryJournal(): Journal {
  const entries = new Map<string, JournalEntry>();
  return {
    find: (id) => entries.get(id),
    list: () => [...entries.values()],
    async add(envelope) {
      entries.set(envelope.id, { envelope, state: "accepted", tries: 0, result: null, isDelivered: false });
    },
    async update(id, change) {
      const entry = entries.get(id);
      if (entry) entries.set(id, { ...entry, ...change });
    },
    settled: async () => undefined,
  };
}

const envelopeOf = (target: string): CommandEnvelope => {
  const command = { kind: "deploy", target, releaseDigest: "0".repeat(64) } as const;
  return { id: randomUUID(), deviceId, deadlineMs: Number.MAX_SAFE_INTEGER, command };
};
const withPorts = (journal: Journal, deploy: ExecutorPorts["deploy"]) => {
  const ports = { deviceId, deploy, nowMs: () => 0, stop: new AbortController().signal } as unknown as ExecutorPorts;
  return createExecutor(journal, { ...ports, onResult: () => undefined, log: () => undefined });
};

test("[M11] however often a deployment gives way, only a stop of the agent is counted as one", async () => {
  const journal = memoryJournal();
  let begun = 0;
  const executor = withPorts(journal, (_, { giveWay }) => {
    begun += 1;
    return new Promise((_, reject) => giveWay.addEventListener("abort", () => reject(new Error("aborted"))));
  });
  executor.execute(envelopeOf("x-1.json"));
  for (let files = 1; files <= 3; files += 1) {
    await vi.waitFor(() => expect(begun).toBe(files), patience);
    executor.before(async () => undefined);
  }
  await vi.waitFor(() => expect(begun).toBe(4), patience);
  expect(journal.list().map(({ tries }) => tries)).toEqual([1]);
});

test("[M11] a deployment that cannot be written down keeps neither the next one nor a file waiting", async () => {
  const journal = memoryJournal();
  const [first, second] = [envelopeOf("x-1.json"), envelopeOf("x-2.json")];
  const update: Journal["update"] = (id, change) =>
    id === first.id ? Promise.reject(new Error("the disk is full")) : journal.update(id, change);
  const begun: string[] = [];
  const executor = withPorts({ ...journal, update }, async ({ target }) => {
    begun.push(target);
    return { accepted: true, code: null, message: "endorsed" };
  });
  for (const envelope of [first, second]) executor.execute(envelope);
  await vi.waitFor(() => expect(journal.find(second.id)?.state).toBe("finished"), patience);
  expect(begun).toEqual(["x-2.json"]);
  await new Promise<void>((resolve) => void executor.before(async () => resolve()));
});

test("[M11] root's file is taken in before sixteen deployments that a service keeps going; the one that gave way goes on, with no result of that", async () => {
  const journal = memoryJournal();
  const begun: string[] = [];
  const deploy: ExecutorPorts["deploy"] = ({ target }, { giveWay }) => {
    begun.push(target);
    return new Promise((_, reject) => giveWay.addEventListener("abort", () => reject(new Error("aborted"))));
  };
  const executor = withPorts(journal, deploy);
  const envelopes = Array.from({ length: 16 }, (_, number) => envelopeOf(`x-${number}.json`));
  for (const envelope of envelopes) executor.execute(envelope);
  await vi.waitFor(() => expect(begun).toEqual(["x-0.json"]));
  await new Promise<void>((resolve) => {
    expect(executor.before(async () => resolve())).toBe(true);
  });
  await vi.waitFor(() => expect(begun).toEqual(["x-0.json", "x-0.json"]));
  expect(journal.list().map(({ result }) => result)).toEqual(envelopes.map(() => null));
});
