/**
 * The command channel: JSON messages over a websocket inside the tunnel. Before anything else both sides authenticate:
 *
 *   device → KMS  hello      device id and nonce
 *   KMS → device  challenge  nonce, and the KMS instance key's signature over the transcript
 *   device → KMS  proof      the device key's signature over the same transcript; at a board's first time the token's as well (enrolment.ts)
 *   KMS → device  welcome
 *
 * The transcript binds both nonces and both tunnel keys, so an answer is worth nothing in another tunnel.
 */
import { z } from "zod";
import { canonicalJson } from "./canonical-json.ts";
import { crashRecordSchema, maxReportedCrashes } from "./crash.ts";
import { lossesSchema } from "./loss.ts";
import { digestSchema, key32Schema, nameSchema, signatureSchema, timeMsSchema } from "./names.ts";
import { observationSchema } from "./observation.ts";
import { overlayNameSchema } from "./overlay/name.ts";
import { resourcesSchema } from "./resources.ts";
import { openingKeySchema, wrappedSchema } from "./sealed/device-key.ts";
import { operatorWordSchema } from "./signed-command.ts";
import { deviceStatusSchema, logLineSchema } from "./status.ts";
import { systemSchema } from "./system.ts";
import { maxSamples, sampleSchema } from "./telemetry.ts";
import { maxTraceSegments, traceSegmentSchema } from "./trace.ts";

export const commandChannelProtocol = 1;
export const maxMessageBytes = 4 * 1024 * 1024;
/** Port of the command channel and of the blobs on the KMS's address in the tunnel. */
export const commandChannelPort = 7001;
export const commandChannelPath = "/device/v1/channel";

export const deviceIdSchema = z.string().regex(/^d-[0-9a-f]{16}$/, "a device id is d- and 16 hexadecimal digits");

export const commandSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("restart-component"), component: nameSchema }),
  z.strictObject({ kind: z.literal("restart-runtime") }),
  /** Compare what runs with the system; the result is in the state that the device reports then. */
  z.strictObject({ kind: z.literal("verify") }),
  /** Switches the trace of a component, or of all (null), or has the device send what it recorded. */
  z.strictObject({ kind: z.literal("trace"), component: nameSchema.nullable(), action: z.enum(["on", "off", "read"]) }),
  /** The whole state of the device, as one observation. */
  z.strictObject({ kind: z.literal("report") }),
  /** Asks for what an operator signs next; it changes nothing, so it needs no signature itself. */
  z.strictObject({ kind: z.literal("challenge") }),
  /** Fetch, verify and activate; the answer comes when the verifier has judged. */
  z.strictObject({
    kind: z.literal("deploy"),
    target: z.string().max(128),
    releaseDigest: digestSchema,
    /** To be put on it; the two become one generation. Absent: the release as it is. */
    overlay: overlayNameSchema.optional(),
    /** Of an encrypted release: the digest of what stands for it among the targets. Absent: the release's own. */
    envelope: digestSchema.optional(),
  }),
  /** The key of the device's deployment, encrypted for this device; by an operator's signature alone, whatever the policy waives. */
  z.strictObject({
    kind: z.literal("admit"),
    deployment: nameSchema,
    publicKey: key32Schema,
    wrapped: wrappedSchema,
  }),
]);
export type Command = z.infer<typeof commandSchema>;

export const commandEnvelopeSchema = z.strictObject({
  id: z.uuid(),
  deviceId: deviceIdSchema,
  /** By the KMS's clock; a device refuses what is later than this. */
  deadlineMs: timeMsSchema,
  command: commandSchema,
  /** Of an operator; where the policy of the board waives it, it may be left out. */
  signed: operatorWordSchema.optional(),
});
export type CommandEnvelope = z.infer<typeof commandEnvelopeSchema>;

/** Counts the batches of one session that ask for a receipt. */
const batchSchema = z.number().int().nonnegative();

/** What a board adds to its first proofs: its public key, and the signature of its enrolment token over `redemptionBytes`. */
export const redemptionSchema = z.strictObject({ deviceKey: key32Schema, signature: signatureSchema });
export type Redemption = z.infer<typeof redemptionSchema>;

export const fromDevice = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("hello"),
    protocol: z.number().int(),
    deviceId: deviceIdSchema,
    nonce: key32Schema,
  }),
  z.strictObject({
    type: z.literal("proof"),
    signature: signatureSchema,
    /** Left out once the KMS has said welcome: it knows the device then. */
    redemption: redemptionSchema.optional(),
    /** What others encrypt to for this device; agents from before there was one leave it out. */
    opening: openingKeySchema.optional(),
  }),
  z.strictObject({ type: z.literal("status"), status: deviceStatusSchema }),
  z.strictObject({ type: z.literal("manifest"), system: systemSchema }),
  /** The newest crash records, newest first. */
  z.strictObject({ type: z.literal("crashes"), crashes: z.array(crashRecordSchema).max(maxReportedCrashes) }),
  z.strictObject({ type: z.literal("resources"), resources: resourcesSchema }),
  /** `dropped` counts the lines that the device had to throw away before these. */
  z.strictObject({
    type: z.literal("log"),
    lines: z.array(logLineSchema).max(500),
    dropped: z.number().int().nonnegative(),
    /** Asks for a `stored` with this number; agents from before it existed leave it out and get none. */
    batch: batchSchema.optional(),
  }),
  /** Only where the welcome says that the KMS takes it, as `trace`. What was lost before the first of them is in `lost`. */
  z.strictObject({
    type: z.literal("telemetry"),
    samples: z.array(sampleSchema).max(maxSamples),
    lost: lossesSchema,
    batch: batchSchema,
  }),
  z.strictObject({
    type: z.literal("trace"),
    segments: z.array(traceSegmentSchema).max(maxTraceSegments),
    lost: lossesSchema,
    batch: batchSchema,
  }),
  /** The device sleeps: it goes at `untilMs` at the latest, tries again from `nextMs` on, for `awakeMs`. By the KMS's clock. */
  z.strictObject({
    type: z.literal("awake"),
    untilMs: timeMsSchema,
    nextMs: timeMsSchema,
    awakeMs: z.number().int().positive(),
  }),
  /** What a command asked to see; it comes before that command's result. */
  z.strictObject({ type: z.literal("observation"), observation: observationSchema }),
  z.strictObject({
    type: z.literal("command-result"),
    id: z.uuid(),
    outcome: z.enum(["done", "refused", "failed"]),
    code: z.string().max(64).nullable(),
    message: z.string().max(2000),
    /** What a command `challenge` was answered with. */
    challenge: key32Schema.optional(),
  }),
]);
export type FromDevice = z.infer<typeof fromDevice>;

export const fromKms = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("challenge"),
    protocol: z.number().int(),
    nonce: key32Schema,
    signature: signatureSchema,
  }),
  z.strictObject({
    type: z.literal("welcome"),
    timeMs: timeMsSchema,
    /** Types of message that not every KMS takes: a device sends them where they are named here. */
    takes: z.array(z.string().max(64)).max(64).optional(),
  }),
  z.strictObject({ type: z.literal("command"), envelope: commandEnvelopeSchema }),
  /** What came with this batch number is on the KMS's disk: the device may forget it. */
  z.strictObject({ type: z.literal("stored"), batch: batchSchema }),
  z.strictObject({ type: z.literal("refused"), code: z.string().max(64), message: z.string().max(2000) }),
]);
export type FromKms = z.infer<typeof fromKms>;

export type Transcript = {
  deviceId: string;
  deviceNonce: string;
  kmsNonce: string;
  deviceTunnelKey: string;
  kmsTunnelKey: string;
};

/** The bytes that one side signs. The label keeps the two signatures, and those of other protocols, apart. */
export function transcriptBytes(side: "kms" | "device", transcript: Transcript): Uint8Array {
  return Buffer.from(`bulkhead command channel 1 ${side}\n${canonicalJson(transcript)}`);
}

/** The bytes that an enrolment token signs: this handshake, in this tunnel, for this device key. */
export function redemptionBytes(transcript: Transcript, deviceKey: string): Uint8Array {
  return Buffer.from(`bulkhead enrolment 1\n${canonicalJson({ ...transcript, deviceKey })}`);
}
