/** Entries of a component's trace, as the component writes them: one JSON array a line, first the monotonic microseconds. */
import { z } from "zod";
import { nameSchema, timeMsSchema } from "./names.ts";

const atUs = z.number().int().nonnegative();
const side = z.enum(["client", "provider"]);
const channel = z.string().max(128);
const operation = z.string().max(64);
/** Unique per channel and side while the call lasts. */
const callId = z.number().int().nonnegative();

export const traceEntrySchema = z.union([
  /** A call began. */
  z.tuple([atUs, z.literal("b"), side, channel, operation, callId]),
  /** It ended, with a code where it failed. */
  z.tuple([atUs, z.literal("e"), side, channel, operation, callId, z.string().max(64).nullable()]),
  /** A line of the log, or a mark. */
  z.tuple([atUs, z.literal("m"), z.string().max(300)]),
  /** Recording began, in this incarnation. */
  z.tuple([atUs, z.literal("s"), z.number().int().nonnegative()]),
]);
export type TraceEntry = z.infer<typeof traceEntrySchema>;

export const componentTraceSchema = z.strictObject({
  /** Oldest first; the newest that fit. */
  entries: z.array(traceEntrySchema).max(5000),
  /** Lines that were no entries. */
  damaged: z.number().int().nonnegative(),
});
export type ComponentTrace = z.infer<typeof componentTraceSchema>;

const lineNumber = z.number().int().nonnegative();

/** How far somebody has read a ring: `ring` names it (the time when it began), `line` counts its lines from the first on. */
export const tracePositionSchema = z.strictObject({
  ring: z.number().int().nonnegative(),
  /** Which of the segments that it was filled with, one after the other, and the byte in it. */
  segment: lineNumber,
  offset: lineNumber,
  line: lineNumber,
});
export type TracePosition = z.infer<typeof tracePositionSchema>;

/** What was written to a ring since a position. */
export const traceNewsSchema = z.strictObject({
  component: nameSchema,
  /** Number of the line that the first entry is. */
  first: lineNumber,
  entries: z.array(traceEntrySchema).max(2000),
  /** Lines among them that were no entries. */
  damaged: z.number().int().nonnegative(),
  /** Lines before them that were overwritten before anybody read them. */
  missed: z.number().int().nonnegative(),
  next: tracePositionSchema,
});
export type TraceNews = z.infer<typeof traceNewsSchema>;

/** A piece of the trace of one component, as a device stores and forwards it. */
export const traceSegmentSchema = z.strictObject({
  component: nameSchema,
  /** The start of the host: monotonic times and rings of one are another's. */
  boot: z.string().regex(/^[a-z0-9-]{1,64}$/),
  ring: z.number().int().nonnegative(),
  first: lineNumber,
  /** Lines that it stands for: its entries, and those that were none. */
  lines: z.number().int().positive().max(10_000),
  /** When it was read, by the device's clock. */
  atMs: timeMsSchema,
  entries: z.array(traceEntrySchema).max(2000),
});
export type TraceSegment = z.infer<typeof traceSegmentSchema>;

/** Segments of one message. */
export const maxTraceSegments = 50;
