/** What components tell the root server, over the control channel. */
import { z } from "zod";
import { digestSchema, nameSchema } from "../names.ts";
import { releaseCounterSchema } from "../rollback.ts";
import { gatewayStatusSchema } from "../status.ts";

/** Component → root server. */
export const toRoot = {
  ready: z.strictObject({}),
  heartbeat: z.strictObject({}),
  /** The answer to `stand-by`. */
  "standing-by": z.strictObject({}),
  /** A last word before a component gives up on purpose. `stack` goes into the crash record, as text. */
  fault: z.strictObject({ reason: z.string().max(2000), stack: z.string().max(8000).optional() }),
  /**
   * Only from the verifier: activate this release, which lies complete in the endorsed directory. `again`: it was told so before, and
   * does not know what became of it. `rollbackFrom`: what the release's rollback statement says, where it has one.
   */
  activate: z.strictObject({
    releaseDigest: digestSchema,
    again: z.boolean().optional(),
    rollbackFrom: releaseCounterSchema.optional(),
  }),
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
  /** Only from the agent: there is a session with the management service. */
  reached: z.strictObject({}),
  /** Only from the scheduler server: count the files that components have open, which nobody but root can. */
  files: z.strictObject({}),
} as const;

export type ToRoot = { [K in keyof typeof toRoot]: z.infer<(typeof toRoot)[K]> };
