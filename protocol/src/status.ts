/** The state of a device: measured by the root server, kept by the message server, reported by the agent. */
import { z } from "zod";
import { baseStatusSchema } from "./base-system.ts";
import { addressSchema, hostNameSchema } from "./host-name.ts";
import { digestSchema, nameSchema, timeMsSchema } from "./names.ts";
import { attachToolSchema, roleSchema } from "./system.ts";

export const statusFormat = 1;

/** What isolates a running component, read from the kernel after its start; `missing` says what it runs without. */
export const levelSchema = z.strictObject({
  uid: z.enum(["own", "shared"]),
  namespaces: z.array(z.enum(["mount", "pid", "ipc", "uts", "net", "user"])),
  capabilities: z.string().regex(/^[0-9a-f]{16}$/),
  seccomp: z.boolean(),
  noNewPrivileges: z.boolean(),
  cgroup: z.enum(["v2", "v1", "none"]),
  /** Bound to the processor cores of its manifest; of class `deadline`, alone on them. */
  cores: z.enum(["applied", "unavailable", "not-asked"]).default("not-asked"),
  /** `when-ready`: it is still starting, which its budget is not for. */
  deadline: z.enum(["applied", "when-ready", "unavailable", "not-asked"]),
  missing: z.array(z.string()),
  /** It writes attributes of its devices in sysfs, which is more than device nodes. Absent: it does not. */
  writesSysfs: z.literal(true).optional(),
});
export type Level = z.infer<typeof levelSchema>;

export const componentStateSchema = z.enum([
  "waiting",
  "starting",
  "ready",
  "stopping",
  "backing-off",
  "stopped",
  "held",
  "failed",
]);
export type ComponentState = z.infer<typeof componentStateSchema>;

/** What executes a guest. */
export const acceleratorSchema = z.enum(["kvm", "tcg"]);
export type Accelerator = z.infer<typeof acceleratorSchema>;

export const componentStatusSchema = z.strictObject({
  name: nameSchema,
  role: roleSchema,
  state: componentStateSchema,
  incarnation: z.number().int().nonnegative(),
  restarts: z.number().int().nonnegative(),
  /** Process id as the device sees it; null while nothing runs. */
  pid: z.number().int().positive().nullable(),
  /** Why it last stopped, for a person to read. */
  lastReason: z.strictObject({ atMs: timeMsSchema, text: z.string() }).nullable(),
  level: levelSchema.nullable(),
  /** Its second process, where the manifest asks for one; absent where it does not. */
  spare: z.enum(["none", "building", "standing-by", "leaving", "backing-off"]).optional(),
  /** What runs the guest of runner `vm`: the kernel's KVM, or emulation. Absent: no guest. */
  accelerator: acceleratorSchema.optional(),
  /** Who looks into it: while a debugger is attached, no missing heartbeat ends it. Absent: nobody. */
  attached: z.array(attachToolSchema).optional(),
});
export type ComponentStatus = z.infer<typeof componentStatusSchema>;

export const channelStatusSchema = z.strictObject({
  client: nameSchema,
  name: nameSchema,
  provider: nameSchema,
  up: z.boolean(),
  incarnation: z.number().int().nonnegative(),
});

/** One thing in which the kernel's state is not what the system says. */
export const differenceSchema = z.strictObject({
  /** A component, or `board` for what belongs to none. */
  component: z.string().max(64),
  what: z.string().max(120),
  expected: z.string().max(300),
  found: z.string().max(300),
});
export type Difference = z.infer<typeof differenceSchema>;

/** What `verify` found when it last compared the running components with the system. */
export const verificationSchema = z.strictObject({
  atMs: timeMsSchema,
  /** Everything was looked at, and nothing differed. */
  ok: z.boolean(),
  /** How many components were looked at. */
  components: z.number().int().nonnegative(),
  differences: z.array(differenceSchema).max(50),
  /** Differences beyond those. */
  more: z.number().int().nonnegative(),
  /** Why it could not look, or not at everything; null where it could. */
  failure: z.string().max(500).nullable(),
});
export type Verification = z.infer<typeof verificationSchema>;

/** A layer of isolation or scheduling as the device's kernel and user offer it. */
export const hostLayerSchema = z.strictObject({
  layer: z.string().max(40),
  /** `used`: components get it. `unused`: the kernel has it, the runtime takes nothing from it. `missing`: it is not there. */
  state: z.enum(["used", "unused", "missing"]),
  detail: z.string().max(300),
});
export type HostLayer = z.infer<typeof hostLayerSchema>;

/** The gateway of a device that knows it by name. */
export const gatewayStatusSchema = z.strictObject({
  name: hostNameSchema,
  /** Where it is looked for, or was found; null before there was any answer. */
  address: addressSchema.nullable(),
  /** `answer`: it is what the resolvers said last; `kept`: where the tunnel stood before, which they did not say. */
  from: z.enum(["answer", "kept"]).nullable(),
  /** When the resolvers were asked last, and what came of it. */
  askedAtMs: timeMsSchema.nullable(),
  answer: z.array(addressSchema).max(8),
  failure: z.string().max(200).nullable(),
});
export type GatewayStatus = z.infer<typeof gatewayStatusSchema>;

export const deviceStatusSchema = z.strictObject({
  format: z.literal(statusFormat),
  atMs: timeMsSchema,
  generation: z.number().int().nonnegative(),
  release: z.strictObject({
    digest: digestSchema,
    name: nameSchema,
    version: z.string(),
    releaseCounter: z.number().int().nonnegative(),
  }),
  /** What was put on the release; `effectiveDigest` is that of the two together. Absent: the release runs as it was signed. */
  overlay: z
    .strictObject({
      name: nameSchema,
      overlayCounter: z.number().int().positive(),
      digest: digestSchema,
      effectiveDigest: digestSchema,
    })
    .optional(),
  /** Set while a new generation is being tried, and after one failed. */
  update: z.strictObject({
    state: z.enum(["idle", "trying", "committed", "rolled-back"]),
    reason: z.string(),
    /** The release that is tried, or whose trial ended so (with an overlay the effective digest); absent while there was none. */
    releaseDigest: digestSchema.optional(),
  }),
  /** In safe mode only core servers and the agent run. Absent from older runtimes. */
  mode: z.strictObject({ kind: z.enum(["normal", "safe"]), reason: z.string() }).optional(),
  components: z.array(componentStatusSchema),
  channels: z.array(channelStatusSchema),
  /** Null until the first look; absent in the state of an older device. */
  verification: verificationSchema.nullable().optional(),
  /** What the host has to give; absent in the state of an older device. */
  host: z.array(hostLayerSchema).max(30).optional(),
  /** Absent where the device was told an address. */
  gateway: gatewayStatusSchema.optional(),
  /** Absent where a board has no slots, and from older runtimes. */
  base: baseStatusSchema.optional(),
});
export type DeviceStatus = z.infer<typeof deviceStatusSchema>;

/** One line of the console: what a component wrote, or the runtime about it. */
export const logLineSchema = z.strictObject({
  /** Counts up for ever per device boot, so that a reader sees what it missed. */
  sequence: z.number().int().nonnegative(),
  atMs: timeMsSchema,
  component: nameSchema,
  stream: z.enum(["out", "err", "runtime"]),
  text: z.string().max(4096),
});
export type LogLine = z.infer<typeof logLineSchema>;
