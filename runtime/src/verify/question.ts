/** What the root server asks `verify`: the system, and what it made for each running component. */
import { addressSchema, attachToolSchema, nameSchema, provisioningSchema, systemSchema } from "@bulkhead/protocol";
import { z } from "zod";

const path = z.string().startsWith("/");
const mountSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.enum(["ro", "rw", "dev"]), source: path, target: path }),
  z.strictObject({ kind: z.literal("tmpfs"), target: path, sizeBytes: z.number().int().positive() }),
]);

const cgroupSchema = z.discriminatedUnion("version", [
  z.strictObject({ version: z.literal("v2"), mount: path, cpuset: z.literal(true).exactOptional() }),
  z.strictObject({
    version: z.literal("v1"),
    mounts: z.strictObject({ memory: path, pids: path, cpu: path, cpuacct: path.nullable() }),
    cpuset: path.exactOptional(),
  }),
  z.strictObject({ version: z.literal("none"), reason: z.string() }),
]);

/** One sandbox as it was made; `name` is a component of the system, which may have more than one (a spare). */
const askedSchema = z.strictObject({
  name: nameSchema,
  /** Pid 1 of the sandbox, and the component's own process, as the root server's pid namespace counts them. */
  pid: z.number().int().positive(),
  componentPid: z.number().int().positive(),
  uid: z.number().int().positive().nullable(),
  environment: z.record(z.string(), z.string()),
  /** False where /dev, /proc and /tmp are not even there. */
  hosted: z.boolean(),
  /** All of them, but `/`, `/dev` and `/proc`. */
  mounts: z.array(mountSchema),
  /** Path of its network namespace; null for an empty one of its own. */
  networkNamespace: path.nullable(),
  capabilities: z.array(z.enum(["net_admin"])),
  seccomp: z.boolean(),
  userNamespace: z.boolean(),
  deadline: z.boolean(),
  limits: z.strictObject({
    memoryBytes: z.number().int(),
    processes: z.number().int(),
    files: z.number().int().optional(),
    cpu: systemSchema.shape.components.valueType.shape.cpu,
    cores: z.array(z.number().int()),
  }),
  cgroup: z.string(),
  /** Who is in it: `name`, or the members of the trust group that it leads. */
  members: z.array(nameSchema),
  /** The FIFOs that their output goes into. */
  logs: z.array(path),
});
export type Asked = z.infer<typeof askedSchema>;

/** What the uplink lets through (network/firewall.ts). */
const uplinkSchema = z.strictObject({
  gateway: z.strictObject({ address: addressSchema, port: z.number().int() }).nullable(),
  names: z
    .strictObject({ resolvers: z.array(addressSchema).readonly(), uid: z.number().int().positive().nullable() })
    .nullable(),
  time: z
    .strictObject({ servers: z.array(addressSchema).readonly(), uid: z.number().int().positive().nullable() })
    .exactOptional(),
});

export const questionSchema = z.strictObject({
  system: systemSchema,
  provisioning: provisioningSchema,
  uplink: uplinkSchema,
  cgroup: cgroupSchema,
  asked: z.array(askedSchema),
  /** Components that an operator looks into, and with what. */
  attached: z.array(z.strictObject({ component: nameSchema, tools: z.array(attachToolSchema) })),
});
export type Question = z.infer<typeof questionSchema>;

/** What every comparison gives: nothing, or sentences. The caller adds whose they are. */
export type Found = { readonly what: string; readonly expected: string; readonly found: string };

/** The part of a difference that compares two values as texts; nothing where they are the same. */
export function compareValue(what: string, expected: unknown, found: unknown): Found[] {
  const [wanted, seen] = [String(expected), String(found)];
  return wanted === seen ? [] : [{ what, expected: wanted, found: seen }];
}

/** Compares two lists as sets: one difference for all that is too much, one for all that is missing. */
export function compareSets(what: string, expected: readonly string[], found: readonly string[]): Found[] {
  const extra = found.filter((item) => !expected.includes(item));
  const absent = expected.filter((item) => !found.includes(item));
  return [
    ...(extra.length > 0
      ? [{ what, expected: "no more than the system says", found: `also ${extra.join(", ")}` }]
      : []),
    ...(absent.length > 0 ? [{ what, expected: absent.join(", "), found: "missing" }] : []),
  ];
}
