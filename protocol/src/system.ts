/**
 * A system: what the compiler makes of a manifest. Validated, resolved, complete; as canonical JSON it is what gets
 * signed, shipped, shown, compared and read by the device. Integers carry their unit in the name.
 */
import { z } from "zod";
import { digestSchema, nameSchema } from "./names.ts";

export const systemFormat = 1;

/** Roles decide which privileges the runtime may give; only core servers and drivers ever get any. */
export const roleSchema = z.enum(["core", "driver", "agent", "application"]);
export type Role = z.infer<typeof roleSchema>;

export const restartSchema = z.strictObject({
  policy: z.enum(["permanent", "transient", "temporary"]),
  /** At most `intensity` restarts within `periodMs`, then `escalate`. */
  intensity: z.number().int().min(0).max(1000),
  periodMs: z.number().int().positive(),
  backoff: z.strictObject({
    initialMs: z.number().int().nonnegative(),
    /** Hundredths, so that canonical JSON stays integer: 200 doubles. */
    factorPercent: z.number().int().min(100).max(1000),
    maxMs: z.number().int().nonnegative(),
  }),
  escalate: z.enum(["group", "safe-mode"]),
});

export const cpuSchema = z.discriminatedUnion("class", [
  z.strictObject({
    class: z.literal("fair"),
    weight: z.number().int().min(1).max(10_000),
    quotaPercent: z.number().int().min(1).max(10_000).optional(),
  }),
  z.strictObject({
    class: z.literal("deadline"),
    budgetUs: z.number().int().positive(),
    periodUs: z.number().int().positive(),
  }),
]);

export const componentSchema = z.strictObject({
  role: roleSchema,
  /** `core:<name>` is part of the installed runtime; everything else is an artifact of the release. */
  image: z.union([
    z.strictObject({ core: nameSchema }),
    z.strictObject({ artifact: digestSchema, source: z.string() }),
  ]),
  runner: z.enum(["node"]),
  devices: z.array(z.string()),
  /** Names of KMS proxies, or `kms` (the command channel; the agent only). */
  network: z.array(nameSchema),
  cpu: cpuSchema,
  memoryBytes: z.number().int().positive(),
  processes: z.number().int().positive(),
  storageBytes: z.number().int().nonnegative(),
  restart: restartSchema,
  heartbeat: z.strictObject({ periodMs: z.number().int().positive(), missed: z.number().int().positive() }),
  readyMs: z.number().int().positive(),
  stopMs: z.number().int().positive(),
  /** Layers without which the component must not start. */
  requires: z.array(z.enum(["own-uid", "namespaces", "seccomp", "cgroup", "deadline"])),
  config: z.json(),
});
export type Component = z.infer<typeof componentSchema>;

export const channelSchema = z.strictObject({
  client: nameSchema,
  /** The client's own name for it; the provider sees `<client>.<name>`. */
  name: nameSchema,
  provider: nameSchema,
  /** The provider's name for what it provides. */
  service: nameSchema,
  interface: nameSchema,
  dependency: z.enum(["strong", "weak"]),
  grant: z.record(z.string(), z.json()),
});
export type Channel = z.infer<typeof channelSchema>;

export const systemSchema = z.strictObject({
  format: z.literal(systemFormat),
  system: nameSchema,
  version: z.string().regex(/^\d+\.\d+\.\d+$/, "a version is three numbers: 1.4.0"),
  board: nameSchema,
  /** Order is the order of start: a provider stands before those that depend on it strongly. */
  startOrder: z.array(nameSchema),
  components: z.record(nameSchema, componentSchema),
  channels: z.array(channelSchema),
  /** Where the console, commands and the like stand: what the board policy waives is visible in the system. */
  policy: z.strictObject({ unsignedCommands: z.boolean(), requireFullLevel: z.boolean() }),
});
export type System = z.infer<typeof systemSchema>;
