/** One input that the kernel's industrial I/O measures: a voltage, or what a sensor chip has a driver of the kernel for. */
import { adcInputGrant } from "@bulkhead/protocol";
import { defineInterface } from "@bulkhead/sdk";
import { z } from "zod";

export const adcInputInterface = defineInterface({
  name: "adc-input",
  grant: adcInputGrant,
  operations: {
    /** Measures once. */
    read: {
      arguments: z.null(),
      result: z.strictObject({
        value: z.number(),
        /** `mV`, `m°C`, `kPa`: as the kernel counts this kind of input; empty where it has no unit. */
        unit: z.string().max(16),
        /** What the converter said; null where the kernel gives the value alone. */
        raw: z.number().int().nullable(),
      }),
      idempotent: true,
    },
  },
});
