/** Requests and answers about devices. */
import {
  commandSchema,
  crashRecordSchema,
  deviceIdSchema,
  deviceStatusSchema,
  enrolledNameSchema,
  key32Schema,
  logLineSchema,
  lossSchema,
  nameSchema,
  type Observation,
  openingKeySchema,
  operatorWordSchema,
  provisioningSchema,
  resourcesSchema,
  type System,
  type TraceSegment,
  timeMsSchema,
  usualDeployment,
} from "@bulkhead/protocol";
import { z } from "@hono/zod-openapi";

export const enrolRequestSchema = z
  .strictObject({
    name: enrolledNameSchema,
    deviceKey: key32Schema,
    tunnelKey: key32Schema,
    /** Whose overlays it takes: a device is told once, when it is enrolled. */
    deployment: nameSchema.default(usualDeployment),
  })
  .openapi("EnrolRequest");
export type EnrolRequest = z.input<typeof enrolRequestSchema>;

export const enrolAnswerSchema = z.object({ provisioning: provisioningSchema }).openapi("EnrolAnswer");

const nullableTime = timeMsSchema.nullable();

export const deviceSchema = z
  .object({
    id: deviceIdSchema,
    name: z.string(),
    deployment: z.string(),
    deviceKey: key32Schema,
    tunnelKey: key32Schema,
    /** Of the device's router in the tunnel; the other parts share its /112. */
    address: z.string(),
    enrolledAtMs: timeMsSchema,
    /** True while the authenticated command channel is up. */
    connected: z.boolean(),
    connectedAtMs: nullableTime,
    lastSeenMs: nullableTime,
    /** `asleep`: silent as it said it would be, until `expectedAtMs`. `overdue`: it should have come and has not. */
    presence: z.enum(["connected", "never", "offline", "asleep", "overdue"]),
    /** When a device that sleeps comes again, as it said itself; null for one that is expected always. */
    expectedAtMs: nullableTime,
    /** From the gateway; null while the gateway does not answer or has never heard the device. */
    tunnel: z.object({ latestHandshakeMs: nullableTime }).nullable(),
    release: deviceStatusSchema.shape.release.nullable(),
    /** What was put on the release; null where it runs as it was signed. */
    overlay: deviceStatusSchema.shape.overlay.unwrap().nullable(),
    generation: z.number().int().nullable(),
    components: z.object({ total: z.number().int(), ready: z.number().int(), failed: z.number().int() }).nullable(),
    /** True where the board's policy lets commands in without an operator's signature; null before the first manifest. */
    unsignedCommands: z.boolean().nullable(),
    /** What an operator encrypts the key of a deployment to, by the device key's word, which is for the operator to check; null before it said so. */
    opening: openingKeySchema.nullable(),
  })
  .openapi("Device");
export type Device = z.infer<typeof deviceSchema>;

export const deviceListSchema = z.object({ devices: z.array(deviceSchema) }).openapi("DeviceList");
export const deviceAnswerSchema = z.object({ device: deviceSchema }).openapi("DeviceAnswer");

export const statusAnswerSchema = z
  .object({ status: deviceStatusSchema.nullable(), receivedAtMs: nullableTime })
  .openapi("StatusAnswer");
export type StatusAnswer = z.infer<typeof statusAnswerSchema>;

/** The generator cannot follow a system's recursive `config`; the schema itself is the protocol's. */
const systemDocument = z
  .custom<System>()
  .openapi("System", { type: "object", description: "The running system, as protocol/src/system.ts describes it." });

export const manifestAnswerSchema = z
  .object({ manifest: systemDocument.nullable(), receivedAtMs: nullableTime })
  .openapi("ManifestAnswer");
export type ManifestAnswer = z.infer<typeof manifestAnswerSchema>;

export const crashesAnswerSchema = z
  .object({ crashes: z.array(crashRecordSchema).nullable(), receivedAtMs: nullableTime })
  .openapi("CrashesAnswer", {
    description: "The newest crash records that the device told of, newest first; it tells of them when it connects.",
  });
export type CrashesAnswer = z.infer<typeof crashesAnswerSchema>;

export const resourcesAnswerSchema = z
  .object({ resources: resourcesSchema.nullable(), receivedAtMs: nullableTime })
  .openapi("ResourcesAnswer", {
    description: "The newest report of a device; a KMS that was restarted has none until the device sends the next.",
  });
export type ResourcesAnswer = z.infer<typeof resourcesAnswerSchema>;

export const observationParams = z.object({ id: deviceIdSchema, kind: z.enum(["report", "trace"]) });
/** The generator cannot follow all of it; the schema itself is the protocol's. */
const observationDocument = z
  .custom<Observation>()
  .openapi("Observation", { type: "object", description: "As protocol/src/observation.ts describes it." });
export const observationAnswerSchema = z
  .object({ observation: observationDocument.nullable(), receivedAtMs: nullableTime })
  .openapi("ObservationAnswer", {
    description: "What the device last showed when a command asked it to; null before, and after a restart of the KMS.",
  });
export type ObservationAnswer = z.infer<typeof observationAnswerSchema>;

const storedLossSchema = lossSchema.extend({ notedAtMs: timeMsSchema }).openapi("Loss");
export type StoredLoss = z.infer<typeof storedLossSchema>;

export const telemetryQuerySchema = z.object({
  component: nameSchema.optional(),
  stream: nameSchema.optional(),
  /** Samples of each stream, the newest. */
  limit: z.coerce.number().int().min(1).max(5000).default(120),
});
export type TelemetryQuery = z.infer<typeof telemetryQuerySchema>;

export const telemetryOfDeviceSchema = z
  .object({
    streams: z.array(
      z.object({
        component: nameSchema,
        stream: nameSchema,
        /** As the running system's manifest says; null where it does not speak of the stream. */
        unit: z.string().nullable(),
        /** Oldest first, one at least. */
        points: z.array(z.object({ atMs: timeMsSchema, value: z.number() })),
      }),
    ),
    /** What the device could not keep until it was connected, newest first. */
    losses: z.array(storedLossSchema),
  })
  .openapi("TelemetryOfDevice");
export type TelemetryOfDevice = z.infer<typeof telemetryOfDeviceSchema>;

export const traceQuerySchema = z.object({ component: nameSchema.optional() });
/** The generator cannot follow all of it; the schema itself is the protocol's. */
const segmentsDocument = z
  .custom<TraceSegment[]>()
  .openapi("TraceSegments", { type: "array", description: "As protocol/src/trace.ts describes it, oldest first." });
export const traceAnswerSchema = z
  .object({ segments: segmentsDocument, losses: z.array(storedLossSchema) })
  .openapi("TraceAnswer", { description: "What the device recorded and forwarded by itself, as far as it is kept." });
export type TraceAnswer = z.infer<typeof traceAnswerSchema>;

/** `id` is the KMS's and rises for ever; `sequence` is the device's and starts anew at each boot. */
export const storedLogLineSchema = logLineSchema.extend({ id: z.number().int() }).openapi("LogLine");
export type StoredLogLine = z.infer<typeof storedLogLineSchema>;

export const logQuerySchema = z.object({
  limit: z.coerce.number().int().min(1).max(5000).default(500),
  /** Only lines with a greater id, oldest first; without it the newest lines. */
  after: z.coerce.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER).optional(),
  component: nameSchema.optional(),
});
export type LogQuery = z.infer<typeof logQuerySchema>;

export const logAnswerSchema = z
  .object({
    lines: z.array(storedLogLineSchema),
    dropped: z.number().int().openapi({ description: "Lines that the device had to throw away, ever." }),
  })
  .openapi("LogAnswer");
export type LogAnswer = z.infer<typeof logAnswerSchema>;

export const deviceEventSchema = z
  .object({ id: z.number().int(), deviceId: deviceIdSchema, atMs: timeMsSchema, code: z.string(), message: z.string() })
  .openapi("DeviceEvent");
export type DeviceEvent = z.infer<typeof deviceEventSchema>;
export const deviceEventListSchema = z.object({ events: z.array(deviceEventSchema) }).openapi("DeviceEventList");

export const commandRequestSchema = z
  .strictObject({
    command: commandSchema,
    /** How long it may wait for the device, from now. */
    timeoutMs: z
      .number()
      .int()
      .min(1000)
      .max(7 * 24 * 3600 * 1000)
      .default(60_000),
    /** Of an operator, over what the device answered to a command `challenge`; the device checks it, not this service. */
    signed: operatorWordSchema.optional(),
  })
  .openapi("CommandRequest");
export type CommandRequest = z.input<typeof commandRequestSchema>;

export const storedCommandSchema = z
  .object({
    id: z.uuid(),
    deviceId: deviceIdSchema,
    command: commandSchema,
    createdAtMs: timeMsSchema,
    deadlineMs: timeMsSchema,
    /** pending: not sent yet; delivered: sent, no answer yet; expired: no answer by the deadline. */
    state: z.enum(["pending", "delivered", "done", "refused", "failed", "expired"]),
    deliveries: z.number().int(),
    finishedAtMs: nullableTime,
    code: z.string().nullable(),
    message: z.string().nullable(),
    signed: operatorWordSchema.nullable(),
    /** What the device gave to be signed, where the command asked for that. */
    challenge: z.string().nullable(),
  })
  .openapi("Command");
export type StoredCommand = z.infer<typeof storedCommandSchema>;
export const commandAnswerSchema = z.object({ command: storedCommandSchema }).openapi("CommandAnswer");
export const commandListSchema = z.object({ commands: z.array(storedCommandSchema) }).openapi("CommandList");
