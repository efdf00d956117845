/**
 * A system: what the compiler makes of a manifest. Validated, resolved, complete; as canonical JSON it is what gets
 * signed, shipped, shown, compared and read by the device. Integers carry their unit in the name.
 */
import { z } from "zod";
import { type Channel, channelSchema } from "./channel.ts";
import { attributesPlaceSchema, deviceNameSchema, interfacePlaceSchema, nodePlaceSchema } from "./devices.ts";
import { digestSchema, nameSchema } from "./names.ts";
import { placeSchema } from "./overlay/place.ts";
import { overlayRangeSchema } from "./overlay/range.ts";
import { roles } from "./patterns.ts";
import { primitiveSchema } from "./primitives.ts";

export const systemFormat = 1;

export const roleSchema = z.enum(roles);

/** What executes a component; docs/guide has a page for each. */
export const runnerSchema = z.enum(["node", "bun", "worker", "native", "beam", "vm"]);
export type RunnerName = z.infer<typeof runnerSchema>;

/** `preferred`: emulation where the device has no KVM. `required`: it does not start there. */
export const kvmSchema = z.enum(["preferred", "required"]);

/** A layer of isolation or scheduling that a component can demand; it is not started without. */
export const layerSchema = z.enum(["own-uid", "namespaces", "seccomp", "cgroup", "cores", "deadline", "storage-quota"]);

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
  /** After a crash it is held, for a person to look at: nothing but a person's word starts it again. */
  hold: z.boolean(),
  /** The first rung taken when the restarts are used up; those above follow where it does not help. */
  escalate: z.enum(["group", "safe-mode", "previous-generation", "reboot"]),
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

/** `record`: all that it hears and says is written down. Each shows all of the component, secrets included. */
export const attachTools = ["inspector", "gdb", "record"] as const;
export const attachToolSchema = z.enum(attachTools);
export type AttachTool = z.infer<typeof attachToolSchema>;

export const componentSchema = z.strictObject({
  role: roleSchema,
  /** `core:<name>` is part of the installed runtime; everything else is an artifact of the release. */
  image: z.union([
    z.strictObject({ core: nameSchema }),
    z.strictObject({ artifact: digestSchema, source: z.string() }),
  ]),
  runner: runnerSchema,
  /** `freestanding`: its own binary and its channels, nothing else mounted, the smallest filter. */
  environment: z.enum(["hosted", "freestanding"]),
  /** Components of one trust group share a process (runner `worker` only); null for all others. */
  trustGroup: nameSchema.nullable(),
  /** The device's KVM for the guest of a `vm` component; absent: emulation alone. */
  kvm: kvmSchema.optional(),
  devices: z.array(z.string()),
  /**
   * Where the board has the nodes of its devices; the sandbox shows each as /dev/<name>. A device of several controllers has
   * a node for each: /dev/<name>-<index>.
   */
  nodes: z.record(deviceNameSchema, nodePlaceSchema).optional(),
  /** Directories of sysfs that it sees as /run/devices/<name>. */
  attributes: z.record(deviceNameSchema, attributesPlaceSchema).optional(),
  /** CAN interfaces that its network namespace has, under these names. */
  interfaces: z.record(deviceNameSchema.check(z.maxLength(15)), interfacePlaceSchema).optional(),
  /** Names of KMS proxies, or `kms` (the command channel; the agent only). */
  network: z.array(nameSchema),
  cpu: cpuSchema,
  /** Numbers of the processor cores that it may run on; empty: any. */
  cores: z.array(z.number().int().min(0).max(255)).max(256),
  memoryBytes: z.number().int().positive(),
  processes: z.number().int().positive(),
  /** Files, sockets and pipes that each of its processes may have open at once. */
  openFiles: z.number().int().positive(),
  /** A directory of its own at /data; 0: none. `keep`: it outlives an update. */
  storage: z.strictObject({ quotaBytes: z.number().int().nonnegative(), keep: z.boolean() }),
  restart: restartSchema,
  heartbeat: z.strictObject({ periodMs: z.number().int().positive(), missed: z.number().int().positive() }),
  /** A second process stands by, started and without channels, and takes over when this one crashes. */
  spare: z.boolean(),
  /** Its ring of trace entries, and whether it records from the start. */
  trace: z.strictObject({ ringBytes: z.number().int().nonnegative(), enabled: z.boolean() }),
  /** How it may be looked into while it runs. */
  attach: z.array(attachToolSchema),
  /** Secrets of the device that it is given, by name. */
  secrets: z.array(nameSchema),
  readyMs: z.number().int().positive(),
  /** The deadline of its calls that name none; absent: that of every board that is not slow. */
  callMs: z.number().int().positive().optional(),
  stopMs: z.number().int().positive(),
  /** Layers without which the component must not start. */
  requires: z.array(layerSchema),
  config: z.json(),
});
export type Component = z.infer<typeof componentSchema>;

export type { Channel };

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
  /** Security primitives without which it must not be started; absent: none. */
  requires: z.array(primitiveSchema).min(1).optional(),
  update: z
    .strictObject({
      /** An update from or to this system restarts all; absent: what it changes. */
      restart: z.literal("all").optional(),
      /** How long it may take on trial until it is well, and how long it has to stay so; absent: as long as on every device. */
      windowMs: z.number().int().positive().optional(),
      steadyMs: z.number().int().positive().optional(),
      /** Only who has reached the management service is well. */
      kms: z.literal(true).optional(),
      /** Once committed it stays installed until another that says so is committed. */
      pinned: z.literal(true).optional(),
    })
    .optional(),
  /** Numbers of the processor cores that the runtime itself keeps to; empty: any. */
  housekeepingCores: z.array(z.number().int().min(0).max(255)).max(256),
  /** The device sleeps and wakes every `everyMs` for `awakeMs`; null: it is always awake. */
  sleep: z.strictObject({ everyMs: z.number().int().positive(), awakeMs: z.number().int().positive() }).nullable(),
  /** What is kept on disk, at most, while the management service cannot be reached; older is dropped and counted. */
  store: z.strictObject({
    telemetryBytes: z.number().int().nonnegative(),
    logsBytes: z.number().int().nonnegative(),
    traceBytes: z.number().int().nonnegative(),
  }),
  /** What overlays may set, and the memory that the board has for all components together; absent: nothing. */
  overlayable: z
    .strictObject({
      memoryBytes: z.number().int().positive(),
      values: z.record(placeSchema, overlayRangeSchema),
    })
    .optional(),
});
export type System = z.infer<typeof systemSchema>;
