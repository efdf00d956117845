/** What a device shows of itself when a command asks for it; kept by the management service in memory only. */
import { z } from "zod";
import { nameSchema, timeMsSchema } from "./names.ts";
import { resourcesSchema } from "./resources.ts";
import { deviceStatusSchema } from "./status.ts";
import { componentTraceSchema } from "./trace.ts";

const count = z.number().int().nonnegative();

/** What only the scheduler server sees of a component, beside its limits. */
export const usageSchema = z.strictObject({
  name: nameSchema,
  /** `limited`: the kernel holds it to `sizeBytes`. null: it has no storage, or it cannot be read. */
  storage: z.strictObject({ sizeBytes: count, usedBytes: count, limited: z.boolean() }).nullable(),
  trace: z.strictObject({ ringBytes: count, usedBytes: count }),
  /** As the component itself counts, by channel, since it started: what it was asked, refused and dropped. */
  channels: z
    .array(
      z.strictObject({
        client: nameSchema,
        name: nameSchema,
        refusedConnections: count,
        refusedCalls: count,
        droppedNotifications: count,
      }),
    )
    .max(256),
});
export type Usage = z.infer<typeof usageSchema>;

/** Where a time of day comes from: nothing yet, the floor that survived the power, the board's RTC, the host, NTP, the KMS. */
export const timeQualitySchema = z.enum(["unset", "floor", "rtc", "host", "ntp", "kms"]);
export type TimeQuality = z.infer<typeof timeQualitySchema>;

export const clockStateSchema = z.strictObject({
  timeMs: timeMsSchema,
  quality: timeQualitySchema,
  /** How far from the truth it may be; null: nobody knows. */
  errorMs: count.nullable(),
});
export type ClockState = z.infer<typeof clockStateSchema>;

/** What was let through and refused on an inspected channel. */
export const inspectionSchema = z.strictObject({
  passed: count,
  notGranted: count,
  rateLimited: count,
  droppedNotifications: count,
  broken: count,
});

/** The whole state of a device at one moment. A part is null where the server that knows it did not answer. */
export const deviceReportSchema = z.strictObject({
  format: z.literal(1),
  atMs: timeMsSchema,
  status: deviceStatusSchema,
  resources: resourcesSchema.nullable(),
  usage: z.array(usageSchema).nullable(),
  clock: clockStateSchema.nullable(),
  /** By `<client>.<channel>`, for the channels that the message server inspects. */
  inspections: z.record(z.string().max(128), inspectionSchema),
});
export type DeviceReport = z.infer<typeof deviceReportSchema>;

export const observationSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("report"), report: deviceReportSchema }),
  z.strictObject({
    kind: z.literal("trace"),
    atMs: timeMsSchema,
    components: z.record(nameSchema, componentTraceSchema),
    /** Components whose trace did not fit the message. */
    omitted: z.array(nameSchema),
  }),
]);
export type Observation = z.infer<typeof observationSchema>;
