import { randomUUID } from "node:crypto";
import type { CommandEnvelope } from "@bulkhead/protocol";
import { expect, test, vi } from "vitest";
import { createExecutor, type ExecutorPorts } from "./executor.ts";
import type { Journal, JournalEntry } from "./journal.ts";

const deviceId = "d-0123456789abcdef";

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

test("[M11] root's file is taken in before sixteen deployments that a service keeps going; the one that gave way goes on, with no result of that", async () => {
  const journal = memoryJournal();
  const begun: string[] = [];
  const deploy: ExecutorPorts["deploy"] = ({ target }, { giveWay }) => {
    begun.push(target);
    return new Promise((_, reject) => giveWay.addEventListener("abort", () => reject(new Error("aborted"))));
  };
  const ports = { deviceId, deploy, nowMs: () => 0, stop: new AbortController().signal } as unknown as ExecutorPorts;
  const executor = createExecutor(journal, { ...ports, onResult: () => undefined, log: () => undefined });
  const envelopes = Array.from({ length: 16 }, (_, number): CommandEnvelope => {
    const command = { kind: "deploy", target: `x-${number}.json`, releaseDigest: "0".repeat(64) } as const;
    return { id: randomUUID(), deviceId, deadlineMs: Number.MAX_SAFE_INTEGER, command };
  });
  for (const envelope of envelopes) executor.execute(envelope);
  await vi.waitFor(() => expect(begun).toEqual(["x-0.json"]));
  await new Promise<void>((resolve) => {
    expect(executor.before(async () => resolve())).toBe(true);
  });
  await vi.waitFor(() => expect(begun).toEqual(["x-0.json", "x-0.json"]));
  expect(journal.list().map(({ result }) => result)).toEqual(envelopes.map(() => null));
});
