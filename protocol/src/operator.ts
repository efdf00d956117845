/**
 * What an operator on the board and the root server say to each other, over a socket that root alone can reach. One request
 * a connection; what it asked for lasts as long as the connection does.
 */
import { z } from "zod";
import { digestSchema, nameSchema } from "./names.ts";
import { deviceStatusSchema } from "./status.ts";

/** A request has two names and a number in it. */
export const maxOperatorFrameBytes = 4096;

export const operatorRequestSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("attach"), component: nameSchema, tool: z.enum(["inspector", "gdb"]) }),
  /** Restarts it and has its next life written down; null: as much as its memory allows. */
  z.strictObject({
    kind: z.literal("record"),
    component: nameSchema,
    maxBytes: z.number().int().positive().nullable(),
  }),
  /** Of a record that is being made on this connection: the life is to end, in order. */
  z.strictObject({ kind: z.literal("finish") }),
  /** Somebody brings a file with a release, and is told where to listen. */
  z.strictObject({ kind: z.literal("import") }),
  /** On the same connection: who listens there is ready for the agent. */
  z.strictObject({ kind: z.literal("begin") }),
  /** How the newest update stands. */
  z.strictObject({ kind: z.literal("update") }),
]);
export type OperatorRequest = z.infer<typeof operatorRequestSchema>;

export const operatorAnswerSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("attached"),
    /** Of the component, as the root server counts; what is done to it is the operator's to do. */
    pid: z.number().int().positive(),
    /** null: all components have one. */
    uid: z.number().int().positive().nullable(),
    incarnation: z.number().int().nonnegative(),
  }),
  /** `file` is in the component's hands. */
  z.strictObject({ kind: z.literal("recording"), file: z.string(), maxBytes: z.number().int().positive() }),
  /** Where to listen, on `socket`, and who is to come there: the agent, or with null whoever has our uid. */
  z.strictObject({
    kind: z.literal("importing"),
    directory: z.string(),
    uid: z.number().int().positive().nullable(),
  }),
  /** What became of a release, told to who brings one. */
  z.strictObject({
    kind: z.literal("outcome"),
    releaseDigest: digestSchema,
    outcome: z.enum(["committed", "rolled-back"]),
    reason: z.string(),
  }),
  z.strictObject({ kind: z.literal("update"), ...deviceStatusSchema.shape.update.shape }),
  /** The process that it was about has gone. */
  z.strictObject({ kind: z.literal("ended") }),
  z.strictObject({
    kind: z.literal("refused"),
    code: z.string().max(64),
    message: z.string().max(500),
    remedy: z.string().max(500),
  }),
]);
export type OperatorAnswer = z.infer<typeof operatorAnswerSchema>;
