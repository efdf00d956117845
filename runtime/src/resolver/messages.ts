/** What the root server asks the resolver, and what it takes for an answer: one line of JSON each, on the control channel. */
import { addressSchema, answerSchema, hostNameSchema } from "@bulkhead/protocol";
import { z } from "zod";

/** As resolv.conf(5) has it. */
export const maxResolvers = 3;

export const questionSchema = z.strictObject({
  name: hostNameSchema,
  /** Whom to ask, in this order. */
  resolvers: z.array(addressSchema).min(1).max(maxResolvers),
});
export type Question = z.infer<typeof questionSchema>;

/** An answer of the largest size takes 900 bytes. */
export const maxLineBytes = 4096;

/** The first line of what came, or undefined while there is none. Pure. Throws RangeError for one that is too long. */
export function firstLine(bytes: Buffer): string | undefined {
  const end = bytes.indexOf(10);
  if (end > maxLineBytes || (end < 0 && bytes.length > maxLineBytes)) throw new RangeError("the line is too long");
  return end < 0 ? undefined : bytes.toString("utf8", 0, end);
}

export { answerSchema };
