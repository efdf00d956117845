/** What the launcher and the world say to each other over the inherited channel between them. */
import { z } from "zod";

/** A long-running process of the world. */
export const processSpecSchema = z.strictObject({
  id: z.string(),
  argv: z.array(z.string()).min(1),
  /** Network namespace by name; null: the world's own, where the wire is. */
  namespace: z.string().nullable(),
  /** Gets mount and pid namespaces of its own with an empty /run: a device of its own. */
  isDevice: z.boolean(),
  /** Where its standard output and error are appended. */
  logFile: z.string(),
  /** Whether it is started again, with back-off, when it ends without being stopped. Every such end is reported. */
  restart: z.boolean(),
});
export type ProcessSpec = z.infer<typeof processSpecSchema>;

export const toWorldSchema = z.discriminatedUnion("op", [
  /** Makes a namespace whose eth0 hangs on the wire with this address. */
  z.strictObject({ op: z.literal("attach"), call: z.number().int(), namespace: z.string(), address: z.string() }),
  z.strictObject({ op: z.literal("start"), call: z.number().int(), process: processSpecSchema }),
  z.strictObject({
    op: z.literal("stop"),
    call: z.number().int(),
    id: z.string(),
    signal: z.enum(["SIGTERM", "SIGKILL"]),
  }),
  /** Runs a command to its end. */
  z.strictObject({
    op: z.literal("run"),
    call: z.number().int(),
    argv: z.array(z.string()).min(1),
    namespace: z.string().nullable(),
    input: z.string(),
    timeoutMs: z.number().int().positive(),
  }),
]);
export type ToWorld = z.infer<typeof toWorldSchema>;

export const fromWorldSchema = z.discriminatedUnion("event", [
  z.strictObject({ event: z.literal("up") }),
  z.strictObject({ event: z.literal("answer"), call: z.number().int(), result: z.unknown() }),
  z.strictObject({ event: z.literal("failed"), call: z.number().int(), message: z.string() }),
  /** A process ended without being stopped; `again`: it is started again. */
  z.strictObject({
    event: z.literal("ended"),
    id: z.string(),
    code: z.number().nullable(),
    signal: z.string().nullable(),
    again: z.boolean(),
  }),
]);
export type FromWorld = z.infer<typeof fromWorldSchema>;

export type RunResult = { code: number | null; stdout: string; stderr: string };
