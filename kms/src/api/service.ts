/** Requests and answers about the service itself: health, identity, proxies, telemetry, problems. */
import { errorTable, key32Schema, timeMsSchema } from "@bulkhead/protocol";
import { z } from "@hono/zod-openapi";

export const healthSchema = z
  .object({
    status: z.literal("ok"),
    database: z.literal("up"),
    gateway: z.enum(["up", "down"]),
    insecureBind: z.boolean(),
    /** `any`: this KMS takes releases whose signatures do not hold (a test of devices). */
    uploads: z.enum(["verified", "any"]),
    timeMs: timeMsSchema,
  })
  .openapi("Health");
export type Health = z.infer<typeof healthSchema>;

export const instanceSchema = z
  .object({
    instanceKey: key32Schema,
    tunnelKey: key32Schema,
    snapshotKey: key32Schema,
    timestampKey: key32Schema,
    prefix: z.string(),
    address: z.string(),
  })
  .openapi("Instance", { description: "Public keys of this KMS and its addresses in the tunnel." });

export const proxyListSchema = z
  .object({
    proxies: z.array(
      z.object({
        name: z.string(),
        port: z.number().int(),
        upstream: z.union([z.literal("embedded"), z.object({ host: z.string(), port: z.number().int() })]),
        connections: z.number().int(),
      }),
    ),
  })
  .openapi("ProxyList");
export type ProxyList = z.infer<typeof proxyListSchema>;

export const telemetryMessageSchema = z
  .object({ deviceId: z.string(), topic: z.string(), atMs: timeMsSchema, payload: z.string() })
  .openapi("TelemetryMessage");
export type TelemetryMessage = z.infer<typeof telemetryMessageSchema>;

export const telemetryAnswerSchema = z
  .object({
    topics: z.array(z.object({ deviceId: z.string(), topic: z.string(), messages: z.array(telemetryMessageSchema) })),
  })
  .openapi("TelemetryAnswer", {
    description: "The last messages of each topic that passed the embedded broker, oldest first.",
  });
export type TelemetryAnswer = z.infer<typeof telemetryAnswerSchema>;

export const loginLinkSchema = z.object({ url: z.string() }).openapi("LoginLink");

/** RFC 9457, with our stable code and the way out. */
export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    code: z.enum(Object.keys(errorTable) as [keyof typeof errorTable, ...(keyof typeof errorTable)[]]),
    remedy: z.string().optional(),
  })
  .openapi("Problem");
export type Problem = z.infer<typeof problemSchema>;
