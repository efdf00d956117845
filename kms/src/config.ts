/** The KMS's configuration file, as a launcher writes it. */
import { readFile } from "node:fs/promises";
import { BulkheadError, describeMisfit, endpointSchema, nameSchema } from "@bulkhead/protocol";
import { z } from "zod";

const MiB = 1024 ** 2;
const port = z.number().int().min(1).max(65535);
const path = z.string().startsWith("/").max(4096);
const hostName = z.string().regex(/^[A-Za-z0-9.:-]{1,253}$/);

export const kmsConfigSchema = z.strictObject({
  format: z.literal(1),
  /** Keys, session token and blobs; the KMS's uid can write it. */
  stateDir: path,
  /** Where the KMS makes `device.sock` and `proxy-<name>.sock` for the gateway. */
  runDir: path,
  databaseSocketDir: path,
  databaseUser: nameSchema.default("bulkhead"),
  /** Of the API and the page; 0: any free one. */
  port: z.number().int().min(0).max(65535),
  host: hostName.default("127.0.0.1"),
  /** Without it a host that is not loopback is refused; with it the API reports `insecureBind`. */
  insecureBind: z.boolean().default(false),
  /** Further host names that the API answers for. */
  hostNames: z.array(hostName).default([]),
  /** The built kms-web; null: API only. */
  webDir: path.nullable(),
  gateway: z.strictObject({
    /** As devices see it; where it is a name, they ask their own network's DNS for it. */
    endpoint: endpointSchema,
    controlSocket: path,
  }),
  /** By name: the port on the KMS's tunnel address, and what stands behind it. */
  proxies: z
    .record(
      nameSchema,
      z.strictObject({ upstream: z.union([z.literal("embedded"), z.strictObject({ host: hostName, port })]), port }),
    )
    .default({ mqtt: { upstream: "embedded", port: 1883 } })
    .refine(
      (proxies) => Object.entries(proxies).every(([name, { upstream }]) => upstream !== "embedded" || name === "mqtt"),
      {
        message: "only the proxy mqtt has an embedded upstream",
      },
    ),
  /** What is kept of devices, at most; the oldest goes first. */
  keep: z
    .strictObject({
      telemetryDays: z.number().int().min(1).default(30),
      samplesPerDevice: z.number().int().min(1).default(100_000),
      /** Of all devices together, as the sizes below that name no device. */
      samples: z.number().int().min(1).default(2_000_000),
      traceBytesPerDevice: z
        .number()
        .int()
        .min(1)
        .default(8 * MiB),
      traceBytes: z
        .number()
        .int()
        .min(1)
        .default(256 * MiB),
      /** In memory: crash records, resources, and what devices showed when they were asked. */
      reportBytes: z
        .number()
        .int()
        .min(1)
        .default(64 * MiB),
    })
    .prefault({}),
  /**
   * `any` takes releases whose signatures the project's root does not cover, as a hostile KMS would: for tests that
   * devices refuse them. Everybody else wants `verified`.
   */
  uploads: z.enum(["verified", "any"]).default("verified"),
});
export type KmsConfig = z.infer<typeof kmsConfigSchema>;
/** What may be left out is. */
export type KmsConfigWritten = z.input<typeof kmsConfigSchema>;

/** Reads and validates. Errors: FILE_UNREADABLE, ENVIRONMENT_INVALID. */
export async function readConfig(file: string): Promise<KmsConfig> {
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw new BulkheadError("FILE_UNREADABLE", `the configuration ${file} cannot be read`, { cause });
  });
  try {
    return kmsConfigSchema.parse(JSON.parse(text));
  } catch (cause) {
    const words = cause instanceof z.ZodError ? describeMisfit(cause) : String(cause);
    throw new BulkheadError("ENVIRONMENT_INVALID", `the configuration ${file} is not valid: ${words}`, { cause });
  }
}
