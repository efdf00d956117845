/** What the root server asks the asker, and what it takes for an answer: one line of JSON each, on the control channel. */
import { addressSchema, answerSchema, hostNameSchema, maxTimeServers, timeReadingSchema } from "@bulkhead/protocol";
import { z } from "zod";

/** As resolv.conf(5) has it. */
export const maxResolvers = 3;

const nameQuestionSchema = z.strictObject({
  name: hostNameSchema,
  /** Whom to ask, in this order. */
  resolvers: z.array(addressSchema).min(1).max(maxResolvers),
});
export type NameQuestion = z.infer<typeof nameQuestionSchema>;

const timeQuestionSchema = z.strictObject({ timeServers: z.array(addressSchema).min(1).max(maxTimeServers) });
export type TimeQuestion = z.infer<typeof timeQuestionSchema>;

export const questionSchema = z.union([nameQuestionSchema, timeQuestionSchema]);
export type Question = z.infer<typeof questionSchema>;

export const timeAnswerSchema = z.strictObject({
  time: timeReadingSchema.nullable(),
  /** Why there is none; null where there is one. */
  failure: z.string().max(200).nullable(),
  /** Servers that do not want to be asked: ever again, or so soon. */
  kisses: z.array(z.strictObject({ server: addressSchema, isFinal: z.boolean() })).max(maxTimeServers),
});
export type TimeAnswer = z.infer<typeof timeAnswerSchema>;

/** An answer of the largest size takes 900 bytes. */
export const maxLineBytes = 4096;

/** The first line of what came, or undefined while there is none. Pure. Throws RangeError for one that is too long. */
export function firstLine(bytes: Buffer): string | undefined {
  const end = bytes.indexOf(10);
  if (end > maxLineBytes || (end < 0 && bytes.length > maxLineBytes)) throw new RangeError("the line is too long");
  return end < 0 ? undefined : bytes.toString("utf8", 0, end);
}

export { answerSchema };
