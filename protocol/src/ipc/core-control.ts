/**
 * What the root server tells core servers beside what every component hears. They check it where they listen to it, so that
 * these schemas are in nobody else's memory.
 */
import { z } from "zod";
import { crashFactsSchema } from "../crash.ts";
import { addressSchema } from "../host-name.ts";
import { digestSchema, nameSchema, timeMsSchema } from "../names.ts";

/** A gateway has an address or a few; the rest of a longer answer is not looked at. */
export const maxAnswers = 8;

const byteCount = z.number().int().nonnegative();

/** What came of asking for the gateway's name. */
export const answerSchema = z.strictObject({
  addresses: z
    .array(z.strictObject({ address: addressSchema, ttlSeconds: z.number().int().min(0).max(0x7fffffff) }))
    .max(maxAnswers),
  /** Why there is none; null where there is one. */
  failure: z.string().max(200).nullable(),
});
export type Answer = z.infer<typeof answerSchema>;

/** Enough for a majority of three, and one that is away. */
export const maxTimeServers = 4;

/** What the board's time servers agree on: when CLOCK_MONOTONIC said `monotonicUs`, it was `timeMs`, give or take `errorMs`. */
export const timeReadingSchema = z.strictObject({
  timeMs: timeMsSchema,
  monotonicUs: z.number().int().nonnegative(),
  errorMs: z.number().int().min(0).max(60_000),
});
export type TimeReading = z.infer<typeof timeReadingSchema>;

/** Root server → core server. */
export const toCoreServer = {
  /** Only to the core servers that ask for it: the state of the whole device, after each change. */
  status: z.strictObject({ status: z.unknown() }),
  /** Only to the verifier: what became of a generation. */
  generation: z.strictObject({
    releaseDigest: digestSchema,
    outcome: z.enum(["committed", "rolled-back"]),
    reason: z.string(),
  }),
  /** Only to the agent: root of the board brings a file with a release, which the agent is to fetch from its socket. */
  import: z.strictObject({}),
  /** Only to the serial server: a component has ended unexpectedly. */
  crash: crashFactsSchema,
  /**
   * Only to the network server, of a tunnel that is the kernel's: the time of the last handshake, in seconds since 1970 (0: none
   * so far); null: its interface has gone. `bytes`: received and sent through it since it was made.
   */
  tunnel: z.strictObject({
    handshake: z.number().int().nonnegative().nullable(),
    bytes: z.strictObject({ received: byteCount, sent: byteCount }).optional(),
  }),
  /** Only to the network server, each time that it asked: what the gateway's name is, as the board's resolvers say. */
  resolved: answerSchema,
  /** Only to the network server: the uplink lets this address through as the gateway's now. */
  uplink: z.strictObject({ gateway: addressSchema }),
  /** Only to the clock server, where the board has time servers. */
  time: timeReadingSchema,
  /** Only to the clock server: another release runs, which was built then. */
  built: z.strictObject({ builtAtMs: timeMsSchema }),
  /** Only to the scheduler server, each time that it asked: how many files that process of a component has open that has most of them. */
  files: z.strictObject({ open: z.record(nameSchema, z.number().int().nonnegative()) }),
} as const;

export type ToCoreServer = { [K in keyof typeof toCoreServer]: z.infer<(typeof toCoreServer)[K]> };
