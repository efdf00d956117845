/** What a device keeps of an unexpected end of a component: the root server's facts and the serial server's last lines. */
import { z } from "zod";
import { nameSchema, timeMsSchema } from "./names.ts";
import { cpuSchema } from "./system.ts";
import { traceEntrySchema } from "./trace.ts";

const count = z.number().int().nonnegative().nullable();

/** What the kernel had counted for it when it ended; null: not known. Absent in the records of older devices. */
export const crashUseSchema = z.strictObject({
  /** False: the device has no control groups, so the limits are words. */
  limited: z.boolean(),
  cpuUs: count,
  /** The most tasks (processes and threads) that it had at once. */
  processesPeak: count,
  /** How often it stood at the limit: of memory, where the kernel then looked for some, and of processes, where it was refused one. */
  memoryLimitHits: count,
  processLimitHits: count,
  /** How often its share of the processor was used up. */
  throttled: count,
});
export type CrashUse = z.infer<typeof crashUseSchema>;

/** What the root server knows when a process has gone. Texts of a component are bounded, and nothing but text. */
export const crashFactsSchema = z.strictObject({
  atMs: timeMsSchema,
  component: nameSchema,
  incarnation: z.number().int().nonnegative(),
  generation: z.number().int().nonnegative(),
  /** Name and version of the release. */
  release: z.string().max(200),
  reason: z.string().max(4000),
  exit: z.strictObject({
    code: z.number().int().nullable(),
    signal: z.string().max(20).nullable(),
    /** The kernel ended it at its memory limit. */
    outOfMemory: z.boolean(),
  }),
  /** Where it gave up, if it said so. */
  stack: z.string().max(8000).nullable(),
  limits: z.strictObject({
    memoryBytes: z.number().int().positive(),
    processes: z.number().int().positive(),
    cpu: cpuSchema,
  }),
  /** The most memory that it ever took; null: not known. */
  memoryPeakBytes: z.number().int().nonnegative().nullable(),
  use: crashUseSchema.optional(),
  /** From when to when its process was there, by the clock of traces (CLOCK_MONOTONIC); absent: it was never started. */
  life: z.strictObject({ fromUs: z.number().int().nonnegative(), toUs: z.number().int().nonnegative() }).optional(),
});
export type CrashFacts = z.infer<typeof crashFactsSchema>;

export const maxCrashLines = 30;
export const maxCrashEntries = 30;

/** What stood last in the trace ring of a component: its own words, as those of its log are. */
export const crashTraceSchema = z.strictObject({
  /** Oldest first. */
  entries: z.array(traceEntrySchema).max(maxCrashEntries),
  /** Lines among them that were no entries. */
  damaged: z.number().int().nonnegative(),
});
export type CrashTrace = z.infer<typeof crashTraceSchema>;

export const crashRecordSchema = crashFactsSchema.extend({
  /** The last that it wrote, oldest first. */
  lines: z.array(z.strictObject({ atMs: timeMsSchema, text: z.string().max(500) })).max(maxCrashLines),
  /** null: its trace was off, or it has none. Absent in the records of older devices. */
  trace: crashTraceSchema.nullable().optional(),
  /** Crashes before this one of which no record was kept, because there were too many. */
  skipped: z.number().int().nonnegative(),
});
export type CrashRecord = z.infer<typeof crashRecordSchema>;

/** As many as a device keeps, and as it tells of. */
export const maxCrashRecords = 50;
export const maxReportedCrashes = 10;
