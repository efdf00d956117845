/** The path of a command in the agent's journal: it is passed on once, and what the management service was told of it stays. */
import { randomUUID } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { CommandEnvelope } from "@bulkhead/protocol";
import { expect, vi } from "vitest";
import { createExecutor } from "../../../kms-agent/src/commands/executor.ts";
import { type JournalEntry, openJournal } from "../../../kms-agent/src/commands/journal.ts";
import { openStaging } from "../../../kms-agent/src/fetch/staging.ts";
import type { UpdatePath } from "../update-path.ts";

const deviceId = "d-0123456789abcdef";
const envelopeOf = (command: CommandEnvelope["command"]): CommandEnvelope => ({
  ...{ id: randomUUID(), deviceId, command },
  deadlineMs: Date.now() + 3_600_000,
});
const release = { target: "greenhouse-2.json", releaseDigest: "2".repeat(64) };

export function commandPaths() {
  return {
    "a command at the agent": carried(envelopeOf({ kind: "restart-component", component: "one" })),
    "a deployment at the agent": carried(envelopeOf({ kind: "deploy", ...release })),
  };
}

type Heard = { passedOn(): Promise<void>; told(entry: JournalEntry): Promise<void> };

/** As an agent starts: it goes on with what it had in hand, and the service sends `envelope` as long as it has no result. */
async function carryOut(root: string, envelope: CommandEnvelope, { passedOn, told }: Heard): Promise<JournalEntry> {
  const staging = join(root, "staging");
  await openStaging(staging);
  const damages: string[] = [];
  const journal = await openJournal(join(staging, "agent.json"), (reason) => void damages.push(reason));
  expect(damages).toEqual([]);
  const accepted = { accepted: true, code: null, message: "as it was asked" };
  let onResult: () => void = () => undefined;
  let onRefusal: (error: Error) => void = () => undefined;
  const over = new Promise<void>((resolve, reject) => {
    onResult = resolve;
    onRefusal = reject;
  });
  const executor = createExecutor(journal, {
    ...{ deviceId, nowMs: Date.now, fetchOperators: async () => undefined, observe: async () => undefined },
    command: () => passedOn().then(() => accepted),
    async deploy(_command, _limits, passOn) {
      await passOn();
      await passedOn();
      return accepted;
    },
    aftermath: async () => ({ isAllNew: true, update: undefined }),
    ...{ stop: new AbortController().signal, onResult },
    // What could not be written down has no result: the service sends it once more.
    log: (text, fields) => {
      if (text === "command not kept") onRefusal(Object.assign(new Error(text), fields));
    },
  });
  await executor.resume();
  if (journal.find(envelope.id)?.state !== "finished") {
    executor.execute(envelope);
    await over;
  }
  const entry = journal.find(envelope.id);
  if (entry?.state !== "finished") throw new Error("there is no result to tell");
  await told(entry);
  await journal.settled();
  return entry;
}

function carried(envelope: CommandEnvelope): UpdatePath {
  const before = envelopeOf({ kind: "restart-component", component: "before" });
  const isDeploy = envelope.command.kind === "deploy";
  const nothing = async () => undefined;
  return {
    async prepare(root) {
      await mkdir(join(root, "staging"));
      await carryOut(root, before, { passedOn: nothing, told: nothing });
    },
    notWrittenWhenFull: ["told done", "told failed"],
    async run(root, reached) {
      await carryOut(root, envelope, {
        passedOn: () => reached("passed it on"),
        told: ({ result }) => reached(`told ${result?.outcome}`),
      });
    },
    async check(root, reached) {
      const passedOn = vi.fn(nothing);
      const old = await carryOut(root, before, { passedOn, told: nothing });
      expect(old).toMatchObject({ tries: 1, result: { outcome: "done" } });
      const { result } = await carryOut(root, envelope, { passedOn, told: nothing });
      for (const outcome of ["done", "failed"])
        if (reached.has(`told ${outcome}`)) expect(result?.outcome).toBe(outcome);
      const isTold = reached.has("told done") || reached.has("told failed");
      // A deployment is asked for until something shows that it was activated; all else once.
      if (isTold || (reached.has("passed it on") && !isDeploy)) expect(passedOn).not.toHaveBeenCalled();
      // What failed for want of room did so for good: whoever asked was told.
      if (isDeploy && result?.code !== "STORAGE_FULL") expect(result?.outcome).toBe("done");
      const next = await carryOut(root, envelopeOf(before.command), { passedOn, told: nothing });
      expect(next.result?.outcome).toBe("done");
    },
  };
}
