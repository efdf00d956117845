/**
 * A manifest as written: every key of the language, strict, with quantities parsed and nothing filled in. What the
 * compiler makes of it (a plan) is another type, in plan.ts.
 */
import { z } from "zod";
import type { Json } from "../canonical-json.ts";
import { nameSchema } from "../names.ts";
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

const dependency = z.enum(["strong", "weak"]);

/** `thermometer: i2c.device`, or with limits: `{ from: i2c.device, grant: {…}, dependency: weak }`. */
const useWritten = z.union([
  reference,
  z.strictObject({ from: reference, grant: settings.optional(), dependency: dependency.optional() }),
]);

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
  escalate: z.enum(["group", "safe-mode"]).optional(),
});

const cpuWritten = z.discriminatedUnion("class", [
  z.strictObject({
    class: z.literal("fair"),
    weight: z.int().min(1).max(10_000).optional(),
    quota: percent.optional(),
  }),
  z.strictObject({ class: z.literal("deadline"), budget: durationUs, period: durationUs }),
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
  provides: z.record(nameSchema, nameSchema).optional(),
  uses: z.record(nameSchema, useWritten).optional(),
  devices: z.array(z.string()).max(64).optional(),
  network: z.array(nameSchema).max(32).optional(),
  cpu: cpuWritten.optional(),
  memory: sizeBytes.optional(),
  processes: z.int().min(1).max(1024).optional(),
  storage: z.strictObject({ quota: sizeBytes }).optional(),
  restart: restartWritten.optional(),
  heartbeat: z.strictObject({ period: durationMs.optional(), missed: z.int().min(1).max(100).optional() }).optional(),
  ready: durationMs.optional(),
  stop: durationMs.optional(),
  requires: z.array(z.enum(["own-uid", "namespaces", "seccomp", "cgroup", "deadline"])).optional(),
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
  components: z.record(nameSchema, componentWritten),
  assert: z.array(noFlowWritten).max(256).optional(),
});
export type ManifestWritten = z.output<typeof manifestWritten>;
