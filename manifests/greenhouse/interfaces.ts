/** What the components of the greenhouse say to each other. */
import { defineInterface } from "@bulkhead/sdk";
import { z } from "zod";

const level = z.union([z.literal(0), z.literal(1)]);

export const climateInterface = defineInterface({
  name: "climate",
  operations: {
    read: {
      arguments: z.null(),
      /** What the controller knows: null where it could not be read. Moisture in thousandths of saturation. */
      result: z.strictObject({
        temperatureMilliC: z.number().int().nullable(),
        fan: level,
        moisturePermille: z.number().int().nullable(),
      }),
      idempotent: true,
    },
  },
});

export const telemetryInterface = defineInterface({
  name: "telemetry",
  operations: {
    /** Takes a reading for the broker. It may be lost: the buffer for times without connection is bounded. */
    publish: {
      arguments: z.strictObject({
        topic: z.string().regex(/^[a-z0-9-]+(\/[a-z0-9-]+){0,7}$/, "a topic is a-z, 0-9 and -, in levels by /"),
        fields: z.record(z.string().max(64), z.union([z.number(), z.string().max(256), z.boolean(), z.null()])),
      }),
      result: z.null(),
      // Not repeated: a reading that is late is worth less than the next one.
      idempotent: false,
    },
  },
});

export const moistureInterface = defineInterface({
  name: "moisture",
  operations: {
    /** Soil moisture in thousandths of saturation. */
    read: {
      arguments: z.null(),
      result: z.strictObject({ moisturePermille: z.number().int().min(0).max(1000) }),
      idempotent: true,
    },
  },
});
