/**
 * The control channel: one inherited socket (file descriptor 3) between the root server and each component. Frames
 * are those of a channel, all of them notifications `[2, kind, body]`. The root server reads nothing else from anybody.
 * This is what every component hears, made of `zod/mini`: it is in each component's memory. Beside it: core-control.ts, to-root.ts.
 */
import * as z from "zod/mini";
import { channelSchema } from "../channel.ts";
import { namePattern, nameRule, roles } from "../patterns.ts";
import type { ToCoreServer } from "./core-control.ts";

export const controlProtocol = 1;
export const controlFileDescriptor = 3;
/** In the process of a trust group: the first of its members' logs; the others follow, in the order of its arguments. */
export const firstMemberLogDescriptor = 8;
/** A component says little to the root server; what is larger is refused and the component restarted. */
export const maxControlFrameBytes = 64 * 1024;

const name = z.string().check(z.regex(namePattern, nameRule));
const count = z.int().check(z.nonnegative());
const positive = z.int().check(z.positive());

/** Root server → component. */
export const toComponent = {
  /** Instead of `start`, to a spare: answer `standing-by` when all is loaded, hold nothing, and wait for `start`. */
  "stand-by": z.strictObject({ protocol: z.literal(controlProtocol), component: name }),
  /** The first message: who you are and what you have. */
  start: z.strictObject({
    protocol: z.literal(controlProtocol),
    component: name,
    role: z.enum(roles),
    incarnation: positive,
    generation: count,
    uses: z.array(channelSchema),
    provides: z.array(channelSchema),
    heartbeatMs: positive,
    /** The deadline of its calls that name none; absent: 2 s. */
    callMs: z.optional(positive),
    /** Its trace ring, in /run/trace, and whether it records from the start; absent: none. */
    trace: z.optional(z.strictObject({ ringBytes: count, enabled: z.boolean() })),
    /** An operator has this life written down, in /run/record, in at most so many bytes. */
    record: z.optional(z.strictObject({ maxBytes: positive })),
    config: z.json(),
  }),
  /** A provider of one of your channels came up or went. `name` is the channel's name at the client. */
  peer: z.strictObject({ name, up: z.boolean(), incarnation: count }),
  /** Record into the trace ring from now on, or no more. */
  trace: z.strictObject({ enabled: z.boolean() }),
  /** Finish within `graceMs`; then SIGKILL. */
  stop: z.strictObject({ graceMs: count, reason: z.string() }),
} as const;

type ToEvery = { [K in keyof typeof toComponent]: z.infer<(typeof toComponent)[K]> };
export type ToComponent = ToEvery & ToCoreServer;
