/**
 * What a record consists of. A component is a function of what comes in (events), of values that differ from run to run
 * (clocks, random numbers) and of nothing else; what goes out is kept to compare a replay with.
 */
import type { z } from "zod";
import type { entrySchema, eventSchema, headerSchema, outputSchema } from "./entry-schema.ts";

export const recordFormat = 1;

/** `queued` stands only where it is not 0, with its number among the reads since the last event. */
export const valueKinds = ["date", "monotonic", "hrtime", "random", "bytes", "uuid", "integer", "queued"] as const;
export type ValueKind = (typeof valueKinds)[number];

export type Event = z.infer<typeof eventSchema>;
export type Output = z.infer<typeof outputSchema>;
export type Header = z.infer<typeof headerSchema>;
export type Entry = z.infer<typeof entrySchema>;
