/** Telemetry: components publish samples to the serial server, which the agent brings to the management service. */
import { maxSamples, nameSchema, type SamplesGrant, sampleSchema, samplesGrant } from "@bulkhead/protocol";
import { z } from "zod";
import { defineInterface } from "../interface.ts";

export const samplesInterface = defineInterface({
  name: "samples",
  operations: {
    /** The values that its streams have now, by name. Fails with IPC_RATE_LIMITED beyond what the grant allows a minute. */
    publish: {
      arguments: z.strictObject({
        values: z
          .record(nameSchema, z.number())
          .refine((values) => Object.keys(values).length <= 32, "at most 32 values"),
      }),
      result: z.null(),
      idempotent: false,
    },
  },
  grant: samplesGrant,
  refuse: (grant, _operation, args) => refuseValues(grant, args as { values: Record<string, number> }),
});

function refuseValues({ streams }: SamplesGrant, { values }: { values: Record<string, number> }): string | undefined {
  for (const [name, value] of Object.entries(values)) {
    const stream = Object.hasOwn(streams, name) ? streams[name] : undefined;
    if (!stream) return `the manifest does not give this component the stream ${name}`;
    const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = stream;
    if (value < min || value > max) return `${name} is ${value}, beyond what the manifest allows`;
  }
  return undefined;
}

/** For the agent: what components published. */
export const publishedSamplesInterface = defineInterface({
  name: "published-samples",
  operations: {
    /** Samples after `sequence` (or the oldest kept), at most `limit`; `dropped` were thrown away before the first of them. */
    read: {
      arguments: z.strictObject({ after: z.number().int().min(-1), limit: z.number().int().min(1).max(maxSamples) }),
      result: z.strictObject({ samples: z.array(sampleSchema), dropped: z.number().int().nonnegative() }),
      idempotent: true,
    },
  },
  /** There are samples after this sequence number. At most ten a second. */
  notifications: { published: z.strictObject({ sequence: z.number().int().nonnegative() }) },
});
