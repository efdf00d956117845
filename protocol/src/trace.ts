/** Entries of a component's trace, as the component writes them: one JSON array a line, first the monotonic microseconds. */
import { z } from "zod";

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
