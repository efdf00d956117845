/**
 * What an operator on the board and the root server say to each other, over a socket that root alone can reach. One request
 * a connection; what it asked for lasts as long as the connection does.
 */
import { z } from "zod";
import { nameSchema } from "./names.ts";

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
