/**
 * A manifest as written: every key of the language, strict, with quantities parsed and nothing filled in. What the
 * compiler makes of it (a plan) is another type, in plan.ts.
 */
import { z } from "zod";
import type { Json } from "../canonical-json.ts";
import { nameSchema } from "../names.ts";
import { layerSchema } from "../system.ts";
import { parseDurationUs, parseSizeBytes } from "./units.ts";

const maxDurationUs = 24 * 60 * 60 * 1_000_000;

/** A duration as microseconds. */
const durationUs = z
  .string("a duration is a number and its unit: 500us, 20ms, 60s, 1min")
  .transform((text, context) => {
    const value = parseDurationUs(text);
    if (value !== undefined && value > 0 && value <= maxDurationUs) return value;
    context.addIssue(`\`${text}\` is no duration; write a number and its unit (us, ms, s, min), at most 24 hours: 60s`);
    return z.NEVER;
  });

/** A duration as whole milliseconds. */
const durationMs = durationUs.transform((value, context) => {
  if (value % 1_000 === 0) return value / 1_000;
  context.addIssue("this duration counts whole milliseconds: 20ms");
  return z.NEVER;
});

const sizeBytes = z.string("a size is a number and its unit: 512Ki, 48Mi, 1Gi").transform((text, context) => {
  const value = parseSizeBytes(text);
  if (value !== undefined && value > 0) return value;
  context.addIssue(`\`${text}\` is no size; write a number and its unit (B, Ki, Mi, Gi): 48Mi`);
  return z.NEVER;
});

const percent = z.string("a share is a percentage: 50%").transform((text, context) => {
  const match = /^(\d{1,5})%$/.exec(text);
  const value = Number(match?.[1]);
  if (match && value >= 1 && value <= 10_000) return value;
  context.addIssue(`\`${text}\` is no percentage from 1% to 10000%`);
  return z.NEVER;
});

/**
 * Settings that the compiler passes on without looking into them. Only integers: the system is signed as canonical
 * JSON, where 0.1 would have more than one form.
 */
const setting: z.ZodType<Json> = z.lazy(() =>
  z.union([
    z.null(),
    z.boolean(),
    z.string().max(4096),
    z.int("numbers are integers here; put the unit in the name (levelMilliC: 26500)"),
    z.array(setting).max(256),
    z.record(z.string().max(64), setting),
  ]),
);
const settings = z.record(z.string().max(64), setting);

const reference = z
  .string()
  .regex(
    /^[a-z][a-z0-9-]{0,31}\.[a-z][a-z0-9-]{0,31}$/,
    "a channel goes to `<component>.<service>`, for example i2c.device",
  );

/** `100/s`. */
const rate = z.string("a rate is a count per second: 100/s").transform((text, context) => {
  const match = /^([1-9]\d{0,5})\/s$/.exec(text);
  if (match) return Number(match[1]);
  context.addIssue(`\`${text}\` is no rate; write a count per second: 100/s`);
  return z.NEVER;
});

const dependency = z.enum(["strong", "weak"]);

/** `thermometer: i2c.device`, or with limits: `{ from: i2c.device, grant: {…}, dependency: weak }`. */
const useWritten = z.union([
  reference,
  z.strictObject({
    from: reference,
    grant: settings.optional(),
    dependency: dependency.optional(),
    operations: z
      .array(z.string().regex(/^[a-zA-Z][a-zA-Z0-9]{0,63}$/, "an operation is a name: setLevel"))
      .max(256)
      .optional(),
    inspect: z.boolean().optional(),
    rate: rate.optional(),
    lease: sizeBytes.optional(),
  }),
]);

export type UseWritten = z.output<typeof useWritten>;

const restartWritten = z.strictObject({
  policy: z.enum(["permanent", "transient", "temporary"]).optional(),
  intensity: z.int().min(0).max(1000).optional(),
  period: durationMs.optional(),
  backoff: z
    .strictObject({
      initial: durationMs.optional(),
      factor: z.number().min(1).max(10).optional(),
      max: durationMs.optional(),
    })
    .optional(),
  hold: z.boolean().optional(),
  escalate: z.enum(["group", "safe-mode", "previous-generation", "reboot"]).optional(),
});

const cores = z.array(z.int().min(0).max(255)).min(1).max(256);

const cpuWritten = z.discriminatedUnion("class", [
  z.strictObject({
    class: z.literal("fair"),
    weight: z.int().min(1).max(10_000).optional(),
    quota: percent.optional(),
    cores: cores.optional(),
  }),
  z.strictObject({ class: z.literal("deadline"), budget: durationUs, period: durationUs, cores: cores.optional() }),
]);

const image = z
  .string()
  .regex(
    /^(\.\/[a-z0-9][a-z0-9-]*(\/[a-z0-9][a-z0-9-]*)*|driver:[a-z0-9-]+)$/,
    "an image is a folder beside the manifest (./climate) or a driver (driver:i2c)",
  );

export const componentWritten = z.strictObject({
  image,
  runner: z.string().optional(),
  environment: z.enum(["hosted", "freestanding"]).optional(),
  "trust-group": nameSchema.optional(),
  provides: z.record(nameSchema, nameSchema).optional(),
  uses: z.record(nameSchema, useWritten).optional(),
  devices: z.array(z.string()).max(64).optional(),
  network: z.array(nameSchema).max(32).optional(),
  cpu: cpuWritten.optional(),
  memory: sizeBytes.optional(),
  processes: z.int().min(1).max(1024).optional(),
  storage: z.strictObject({ quota: sizeBytes, keep: z.boolean().optional() }).optional(),
  restart: restartWritten.optional(),
  heartbeat: z.strictObject({ period: durationMs.optional(), missed: z.int().min(1).max(100).optional() }).optional(),
  spare: z.boolean().optional(),
  trace: z.strictObject({ ring: sizeBytes.optional(), on: z.boolean().optional() }).optional(),
  attach: z.array(z.enum(["inspector", "gdb"])).optional(),
  secrets: z.array(nameSchema).max(32).optional(),
  ready: durationMs.optional(),
  stop: durationMs.optional(),
  requires: z.array(layerSchema).optional(),
  config: settings.optional(),
});
export type ComponentWritten = z.output<typeof componentWritten>;

const noFlowWritten = z.strictObject({
  "no-flow": z.strictObject({
    from: z.string(),
    to: z.string(),
    "except-through": z.union([z.string(), z.array(z.string()).min(1)]).optional(),
  }),
});

export const manifestWritten = z.strictObject({
  system: nameSchema,
  version: z.string().regex(/^\d+\.\d+\.\d+$/, "a version is three numbers: 1.4.0"),
  board: nameSchema,
  /** Asks for commands without an operator's signature; only a board whose policy allows it grants that. */
  "unsigned-commands": z.boolean().optional(),
  /** A device that sleeps: it wakes `every` so often and stays `awake` so long. */
  sleep: z.strictObject({ every: durationMs, awake: durationMs }).optional(),
  /** Bounds of what is stored while the management service is out of reach. */
  store: z
    .strictObject({ telemetry: sizeBytes.optional(), logs: sizeBytes.optional(), trace: sizeBytes.optional() })
    .optional(),
  components: z.record(nameSchema, componentWritten),
  assert: z.array(noFlowWritten).max(256).optional(),
});
export type ManifestWritten = z.output<typeof manifestWritten>;
