/** One LED. The grant fixes which. */
import { ledGrant } from "@bulkhead/protocol";
import { defineInterface } from "@bulkhead/sdk";
import { z } from "zod";

const percent = z.number().min(0).max(100);
/** Shorter is not seen, and would keep the driver busy. */
const phaseMs = z.number().int().min(20).max(3_600_000);

export const ledInterface = defineInterface({
  name: "led",
  grant: ledGrant,
  operations: {
    /** How bright it is; a LED that knows on and off alone is on at anything above 0. Ends blinking. */
    set: { arguments: z.strictObject({ percent }), result: z.null(), idempotent: true },
    /** On and off at full brightness until it is told otherwise: by the kernel's timer where there is one, else by the driver. */
    blink: { arguments: z.strictObject({ onMs: phaseMs, offMs: phaseMs }), result: z.null(), idempotent: true },
    read: {
      arguments: z.null(),
      result: z.strictObject({ percent, blinks: z.enum(["no", "kernel", "driver"]) }),
      idempotent: true,
    },
  },
});
