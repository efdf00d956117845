/** What `/api/v1/events` streams; the name of each server-sent event is its `type`. */
import { z } from "@hono/zod-openapi";
import { deviceEventSchema, deviceSchema, storedCommandSchema, storedLogLineSchema } from "./devices.ts";
import { releaseSummarySchema } from "./releases.ts";
import { telemetryMessageSchema } from "./service.ts";

export const kmsEventSchema = z
  .discriminatedUnion("type", [
    z.object({ type: z.literal("device"), device: deviceSchema }),
    z.object({ type: z.literal("device-removed"), deviceId: z.string() }),
    z.object({ type: z.literal("device-event"), event: deviceEventSchema }),
    z.object({ type: z.literal("log"), deviceId: z.string(), lines: z.array(storedLogLineSchema) }),
    z.object({ type: z.literal("command"), command: storedCommandSchema }),
    /** It has told of its crashes; which ones is asked for. */
    z.object({ type: z.literal("crashes"), deviceId: z.string() }),
    z.object({ type: z.literal("release"), release: releaseSummarySchema }),
    z.object({ type: z.literal("telemetry"), message: telemetryMessageSchema }),
  ])
  .openapi("KmsEvent");
export type KmsEvent = z.infer<typeof kmsEventSchema>;
