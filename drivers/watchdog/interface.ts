/**
 * One hardware watchdog. Started, it resets the board unless it is petted within its time, whatever happens to the client
 * or to the driver: neither a crash nor an end of theirs stops it. The grant fixes which, and bounds its time.
 */
import { watchdogGrant } from "@bulkhead/protocol";
import { defineInterface } from "@bulkhead/sdk";
import { z } from "zod";

const seconds = z.number().int().min(1).max(65_535);

/** Why the board was reset last, as the watchdog saw it (include/uapi/linux/watchdog.h, WDIOF_*). */
export const resetCauses = [
  "over-heat",
  "fan-fault",
  "external-1",
  "external-2",
  "power-under",
  "watchdog",
  "power-over",
] as const;
export type ResetCause = (typeof resetCauses)[number];

export const watchdogInterface = defineInterface({
  name: "watchdog",
  grant: watchdogGrant,
  operations: {
    /** Starts it, or changes its time while it runs; counts as a sign of life. Answers with the time that it really has. */
    start: {
      arguments: z.strictObject({ timeoutSeconds: seconds }),
      result: z.strictObject({ timeoutSeconds: seconds }),
      idempotent: true,
    },
    /** A sign of life: its time begins anew. WATCHDOG_NOT_STARTED where this life of the driver has not started it. */
    pet: { arguments: z.null(), result: z.null(), idempotent: true },
    /** Needs `stoppable: true`. WATCHDOG_NOT_STOPPABLE where the kernel or the hardware does not let it. */
    stop: { arguments: z.null(), result: z.null(), idempotent: true },
    read: {
      arguments: z.null(),
      result: z.strictObject({
        identity: z.string().max(64),
        isRunning: z.boolean(),
        timeoutSeconds: z.number().int().min(0),
        /** Until the reset; null where the hardware does not say. */
        leftSeconds: z.number().int().nullable(),
        /** False where nothing but a reset ends it once it runs (`nowayout`). */
        isStoppable: z.boolean(),
        lastReset: z.array(z.enum(resetCauses)),
      }),
      idempotent: true,
    },
  },
  refuse: (grant, operation, args) => {
    if (operation === "stop" && grant.stoppable !== true) return `${grant.device} is granted without \`stoppable\``;
    if (operation !== "start") return undefined;
    const { timeoutSeconds: asked } = args as { timeoutSeconds: number };
    const { min, max } = grant.timeoutSeconds;
    return asked < min || asked > max ? `the time is granted from ${min} to ${max} s, not ${asked}` : undefined;
  },
});
