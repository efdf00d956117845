/** Grants of the device classes that the kernel offers as attributes in sysfs, and of the watchdog. */
import { z } from "zod";
import { deviceNameSchema } from "./devices.ts";

/** The board's own name: `pwm-1`. */
const device = deviceNameSchema;
const periodNs = z.number().int().min(1).max(1_000_000_000_000);

export const pwmChannelGrant = z
  .strictObject({
    device,
    /** Output of the controller. */
    channel: z.number().int().min(0).max(63),
    /** Shortest and longest period that the client may set. */
    periodNs: z.strictObject({ min: periodNs, max: periodNs }),
    /** The largest part of a period that the output may be active; all of it where nothing is said. */
    maxDutyPercent: z.number().min(0).max(100).optional(),
    /** What is active: the high level (`normal`) or the low one. Normal where nothing is said. */
    polarity: z.enum(["normal", "inversed"]).optional(),
    /** What the output does while nobody has it; it is off where nothing is said. */
    safe: z.strictObject({ periodNs, dutyNs: z.number().int().min(0) }).optional(),
  })
  .refine(({ periodNs: { min, max } }) => min <= max, {
    path: ["periodNs"],
    message: "the shortest is longer than the longest",
  })
  .refine(({ safe }) => safe === undefined || safe.dutyNs <= safe.periodNs, {
    path: ["safe", "dutyNs"],
    message: "the output cannot be active for longer than a period",
  });
export type PwmChannelGrant = z.infer<typeof pwmChannelGrant>;

export const adcInputGrant = z.strictObject({
  device,
  /** As Linux calls it, without `in_`: `voltage0`, `temp`, `pressure` (Documentation/ABI/testing/sysfs-bus-iio). */
  channel: z
    .string()
    .max(40)
    .regex(/^[a-z]+\d*(-[a-z]+\d*)?(_[a-z0-9]+)*$/, "a channel is called like voltage0, temp or voltage0-voltage1"),
});
export type AdcInputGrant = z.infer<typeof adcInputGrant>;

export const ledGrant = z.strictObject({ device });
export type LedGrant = z.infer<typeof ledGrant>;

export const rtcGrant = z.strictObject({ device, access: z.enum(["read", "read-write"]) });
export type RtcGrant = z.infer<typeof rtcGrant>;

const timeoutSeconds = z.number().int().min(1).max(65_535);

export const watchdogGrant = z
  .strictObject({
    device,
    /** Shortest and longest time without a sign of life that the client may set. */
    timeoutSeconds: z.strictObject({ min: timeoutSeconds, max: timeoutSeconds }),
    /** The client may stop it again. Not where nothing is said: what was started once then ends by a reset only. */
    stoppable: z.boolean().optional(),
  })
  .refine(({ timeoutSeconds: { min, max } }) => min <= max, {
    path: ["timeoutSeconds"],
    message: "the shortest is longer than the longest",
  });
export type WatchdogGrant = z.infer<typeof watchdogGrant>;
