/** The schemas of a record's entries: who reads a record needs them, who writes one does not. */
import { toComponent } from "@bulkhead/protocol";
import { z } from "zod";
import { recordFormat, valueKinds } from "./entry.ts";

const id = z.number().int().nonnegative();
/** An error that came in, as its code and text. */
const failure = z.strictObject({ code: z.string().max(64), message: z.string().max(4000) }).nullable();

/** What came in. Links, listeners, promises and timers are numbered in the order in which the component made them. */
export const eventSchema = z.union([
  /** A message of the root server. */
  z.tuple([z.literal("control"), z.string(), z.unknown()]),
  z.tuple([z.literal("control-lost"), failure]),
  z.tuple([z.literal("connection"), id]),
  /** A frame, and its size on the wire. */
  z.tuple([z.literal("frame"), id, z.unknown(), id]),
  z.tuple([z.literal("drain"), id]),
  z.tuple([z.literal("closed"), id, failure]),
  /** What the runtime had been asked for (to listen, to write out) is done, or has failed. */
  z.tuple([z.literal("settled"), id, failure]),
  /** A timer is due. */
  z.tuple([z.literal("timer"), id]),
]);

export const outputSchema = z.union([
  z.tuple([z.literal("send"), id, z.unknown()]),
  z.tuple([z.literal("tell"), z.string(), z.unknown()]),
  z.tuple([z.literal("log"), z.string()]),
  /** The component asks to be woken after so many milliseconds. */
  z.tuple([z.literal("timer"), z.enum(["timeout", "interval", "immediate"]), z.number()]),
  z.tuple([z.literal("exit"), z.number()]),
]);

export const headerSchema = z.strictObject({
  format: z.literal(recordFormat),
  component: z.string(),
  createdMs: z.number(),
  /** Of the Node.js that it ran in. */
  node: z.string(),
  timeZone: z.string(),
});

export const entrySchema = z.union([
  z.tuple([z.literal("header"), headerSchema]),
  /** Microseconds since the record began; and whether it came before the component had done with the event before it. */
  z.tuple([z.literal("in"), z.number().nonnegative(), z.boolean(), eventSchema]),
  z.tuple([z.literal("value"), z.enum(valueKinds), z.unknown()]),
  z.tuple([z.literal("out"), outputSchema]),
  /** Nothing more was written: the record was as large as it may be. */
  z.tuple([z.literal("full")]),
]);

/** The start message, which every record begins with. */
export const startSchema = toComponent.start;
