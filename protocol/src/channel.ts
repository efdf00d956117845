/**
 * A channel, as both ends and the root server know it. Every component reads some in its start message, so this is made of
 * `zod/mini`, a fifth of zod's size in memory.
 */
import * as z from "zod/mini";
import { namePattern, nameRule } from "./patterns.ts";

const name = z.string().check(z.regex(namePattern, nameRule));

export const channelSchema = z.strictObject({
  client: name,
  /** The client's own name for it; the provider sees `<client>.<name>`. */
  name,
  provider: name,
  /** The provider's name for what it provides. */
  service: name,
  interface: name,
  dependency: z.enum(["strong", "weak"]),
  grant: z.record(z.string(), z.json()),
  /** The operations that the client may call; null: all of the interface. The provider's stub refuses the others. */
  operations: z.nullable(z.array(z.string().check(z.minLength(1), z.maxLength(64)))),
  /** The message server stands in the middle: a second check that does not trust the provider. */
  inspect: z.boolean(),
  /** Calls and notifications per second that an inspected channel lets through; null: no limit. */
  ratePerSecond: z.nullable(z.int().check(z.positive())),
  /** Shared memory for bulk data; 0: none. */
  leaseBytes: z.int().check(z.nonnegative()),
});
export type Channel = z.infer<typeof channelSchema>;
