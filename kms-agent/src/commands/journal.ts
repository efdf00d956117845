/**
 * The journal of commands: what the agent has taken on, in a small file, so that a command which the KMS sends again is
 * answered from here and never carried out twice, also when carrying it out restarted the agent itself.
 */
import { readFile } from "node:fs/promises";
import { type CommandEnvelope, commandEnvelopeSchema, key32Schema } from "@bulkhead/protocol";
import { z } from "zod";
import { replaceFile } from "../durable-file.ts";

export const journalFormat = 1;
/** Commands remembered at a time. Those whose deadline has passed are forgotten first: they could not come again. */
export const maxEntries = 128;

const resultSchema = z.strictObject({
  outcome: z.enum(["done", "refused", "failed"]),
  code: z.string().max(64).nullable(),
  message: z.string().max(2000),
  /** What a command `challenge` was answered with. */
  challenge: key32Schema.optional(),
});
export type CommandResult = z.infer<typeof resultSchema>;

const entrySchema = z.strictObject({
  envelope: commandEnvelopeSchema,
  /** `passed-on`: the verifier was asked to act, and may have. */
  state: z.enum(["accepted", "passed-on", "finished"]),
  /** How often it was begun; an agent that dies of a command does not try it for ever. */
  tries: z.number().int().nonnegative(),
  result: resultSchema.nullable(),
  /** True when the KMS has the result. */
  isDelivered: z.boolean(),
});
export type JournalEntry = z.infer<typeof entrySchema>;

const journalSchema = z.strictObject({
  format: z.literal(journalFormat),
  entries: z.array(entrySchema).max(maxEntries),
});

export type Journal = {
  find: (id: string) => JournalEntry | undefined;
  /** Takes on a new command. Resolves when it is on the disk; throws STORAGE_FULL when it cannot be. */
  add: (envelope: CommandEnvelope, nowMs: number) => Promise<void>;
  /** Changes an entry; resolves when that is on the disk. An id that is unknown is ignored. */
  update: (id: string, change: Partial<Omit<JournalEntry, "envelope">>) => Promise<void>;
  /** Resolves when nothing is being written any more. */
  settled: () => Promise<void>;
  /** All that is remembered, oldest first. */
  list: () => readonly JournalEntry[];
};

/**
 * Opens the journal at `path`. A file that is missing starts empty; one that is damaged too, after `onDamage` was told:
 * no command is lost by that, for the KMS still has it.
 */
export async function openJournal(path: string, onDamage: (reason: string) => void): Promise<Journal> {
  const entries = new Map((await readJournal(path, onDamage)).map((entry) => [entry.envelope.id, entry]));
  let writing: Promise<void> = Promise.resolve();

  // One write at a time, each with all that is known by then.
  function save(): Promise<void> {
    const write = () => replaceFile(path, JSON.stringify({ format: journalFormat, entries: [...entries.values()] }));
    writing = writing.then(write, write);
    return writing;
  }

  function makeRoom(nowMs: number): void {
    const isOver = (entry: JournalEntry) => entry.state === "finished";
    const expired = [...entries.values()].filter((entry) => isOver(entry) && entry.envelope.deadlineMs < nowMs);
    const finished = [...entries.values()].filter(isOver);
    for (const { envelope } of [...expired, ...finished]) {
      if (entries.size < maxEntries) return;
      entries.delete(envelope.id);
    }
  }

  return {
    find: (id) => entries.get(id),
    async add(envelope, nowMs) {
      makeRoom(nowMs);
      entries.set(envelope.id, { envelope, state: "accepted", tries: 0, result: null, isDelivered: false });
      await save().catch((error: unknown) => {
        entries.delete(envelope.id);
        throw error;
      });
    },
    async update(id, change) {
      const entry = entries.get(id);
      if (entry === undefined) return;
      entries.set(id, { ...entry, ...change });
      await save();
    },
    async settled() {
      for (let last: Promise<void> | undefined; last !== writing; ) {
        last = writing;
        await last.catch(() => undefined);
      }
    },
    list: () => [...entries.values()],
  };
}

async function readJournal(path: string, onDamage: (reason: string) => void): Promise<JournalEntry[]> {
  try {
    return journalSchema.parse(JSON.parse(await readFile(path, "utf8"))).entries;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT")
      onDamage(error instanceof Error ? error.message : String(error));
    return [];
  }
}
