/** One output of a PWM controller. The grant fixes which, and bounds what it may be told. */
import { type PwmChannelGrant, pwmChannelGrant } from "@bulkhead/protocol";
import { defineInterface } from "@bulkhead/sdk";
import { z } from "zod";

const periodNs = z.number().int().min(1).max(1_000_000_000_000);
const dutyNs = z.number().int().min(0);
const signal = z
  .strictObject({ periodNs, dutyNs })
  .refine((value) => value.dutyNs <= value.periodNs, "the output cannot be active for longer than a period");
type Signal = z.infer<typeof signal>;

export const pwmChannelInterface = defineInterface({
  name: "pwm-channel",
  grant: pwmChannelGrant,
  operations: {
    /** Active for `dutyNs` of every `periodNs`. Goes on until it is told otherwise, or the client goes. */
    set: { arguments: signal, result: z.null(), idempotent: true },
    off: { arguments: z.null(), result: z.null(), idempotent: true },
    /** What the controller says that it does; a clock that does not divide evenly may make other figures of `set`. */
    read: {
      arguments: z.null(),
      result: z.strictObject({ periodNs: z.number().int().min(0), dutyNs, isOn: z.boolean() }),
      idempotent: true,
    },
  },
  refuse: (grant, operation, args) => (operation === "set" ? refuseSignal(grant, args as Signal) : undefined),
});

function refuseSignal(grant: PwmChannelGrant, asked: Signal): string | undefined {
  const { periodNs: bounds, maxDutyPercent = 100 } = grant;
  if (asked.periodNs < bounds.min || asked.periodNs > bounds.max)
    return `the period is granted from ${bounds.min} to ${bounds.max} ns, not ${asked.periodNs}`;
  if (asked.dutyNs * 100 > asked.periodNs * maxDutyPercent)
    return `the output is granted to be active for ${maxDutyPercent} % of a period`;
  return undefined;
}
