/**
 * The control channel: one inherited socket (file descriptor 3) between the root server and each component. Frames
 * are those of a channel, all of them notifications `[2, kind, body]`. The root server reads nothing else from anybody.
 */
import { z } from "zod";
import { crashFactsSchema } from "../crash.ts";
import { addressSchema } from "../host-name.ts";
import { digestSchema, nameSchema, timeMsSchema } from "../names.ts";
import { gatewayStatusSchema } from "../status.ts";
import { channelSchema, roleSchema } from "../system.ts";

export const controlProtocol = 1;
export const controlFileDescriptor = 3;
/** In the process of a trust group: the first of its members' logs; the others follow, in the order of its arguments. */
export const firstMemberLogDescriptor = 8;
/** A component says little to the root server; what is larger is refused and the component restarted. */
export const maxControlFrameBytes = 64 * 1024;

/** A gateway has an address or a few; the rest of a longer answer is not looked at. */
export const maxAnswers = 8;

const peer = z.strictObject({ name: nameSchema, up: z.boolean(), incarnation: z.number().int().nonnegative() });

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

/** Root server → component. */
export const toComponent = {
  /** Instead of `start`, to a spare: answer `standing-by` when all is loaded, hold nothing, and wait for `start`. */
  "stand-by": z.strictObject({ protocol: z.literal(controlProtocol), component: nameSchema }),
  /** The first message: who you are and what you have. */
  start: z.strictObject({
    protocol: z.literal(controlProtocol),
    component: nameSchema,
    role: roleSchema,
    incarnation: z.number().int().positive(),
    generation: z.number().int().nonnegative(),
    uses: z.array(channelSchema),
    provides: z.array(channelSchema),
    heartbeatMs: z.number().int().positive(),
    /** Its trace ring, in /run/trace, and whether it records from the start; absent: none. */
    trace: z.strictObject({ ringBytes: z.number().int().nonnegative(), enabled: z.boolean() }).optional(),
    /** An operator has this life written down, in /run/record, in at most so many bytes. */
    record: z.strictObject({ maxBytes: z.number().int().positive() }).optional(),
    config: z.json(),
  }),
  /** A provider of one of your channels came up or went. `name` is the channel's name at the client. */
  peer,
  /** Record into the trace ring from now on, or no more. */
  trace: z.strictObject({ enabled: z.boolean() }),
  /** Finish within `graceMs`; then SIGKILL. */
  stop: z.strictObject({ graceMs: z.number().int().nonnegative(), reason: z.string() }),
  /** Only to the core servers that ask for it: the state of the whole device, after each change. */
  status: z.strictObject({ status: z.unknown() }),
  /** Only to the verifier: what became of a generation. */
  generation: z.strictObject({
    releaseDigest: digestSchema,
    outcome: z.enum(["committed", "rolled-back"]),
    reason: z.string(),
  }),
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
  /** Only to the scheduler server, each time that it asked: how many files that process of a component has open that has most of them. */
  files: z.strictObject({ open: z.record(nameSchema, z.number().int().nonnegative()) }),
} as const;

/** Component → root server. */
export const toRoot = {
  ready: z.strictObject({}),
  heartbeat: z.strictObject({}),
  /** The answer to `stand-by`. */
  "standing-by": z.strictObject({}),
  /** A last word before a component gives up on purpose. `stack` goes into the crash record, as text. */
  fault: z.strictObject({ reason: z.string().max(2000), stack: z.string().max(8000).optional() }),
  /** Only from the verifier: activate this release, which lies complete in the endorsed directory. */
  activate: z.strictObject({ releaseDigest: digestSchema }),
  /** Only from the verifier: a command that it has checked. */
  restart: z.strictObject({ component: nameSchema.nullable(), reason: z.string().max(500) }),
  /** Only from the verifier: switch the trace of a component, or of all, on or off. */
  trace: z.strictObject({ component: nameSchema.nullable(), enabled: z.boolean() }),
  /** Only from the verifier: compare what runs with the system, now. */
  verify: z.strictObject({}),
  /** Only from the network server: ask for the gateway's name. */
  resolve: z.strictObject({}),
  /** Only from the network server: where it looks for the gateway now, and what it knows of the name; the uplink is to let that address through. */
  gateway: gatewayStatusSchema.omit({ name: true }),
  /** Only from the scheduler server: count the files that components have open, which nobody but root can. */
  files: z.strictObject({}),
} as const;

export type ToComponent = { [K in keyof typeof toComponent]: z.infer<(typeof toComponent)[K]> };
export type ToRoot = { [K in keyof typeof toRoot]: z.infer<(typeof toRoot)[K]> };
