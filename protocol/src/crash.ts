/** What a device keeps of an unexpected end of a component: the root server's facts and the serial server's last lines. */
import { z } from "zod";
import { nameSchema, timeMsSchema } from "./names.ts";
import { cpuSchema } from "./system.ts";

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
});
export type CrashFacts = z.infer<typeof crashFactsSchema>;

export const maxCrashLines = 30;

export const crashRecordSchema = crashFactsSchema.extend({
  /** The last that it wrote, oldest first. */
  lines: z.array(z.strictObject({ atMs: timeMsSchema, text: z.string().max(500) })).max(maxCrashLines),
  /** Crashes before this one of which no record was kept, because there were too many. */
  skipped: z.number().int().nonnegative(),
});
export type CrashRecord = z.infer<typeof crashRecordSchema>;

/** As many as a device keeps, and as it tells of. */
export const maxCrashRecords = 50;
export const maxReportedCrashes = 10;
