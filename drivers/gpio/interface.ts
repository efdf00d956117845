/**
 * One line of GPIO, or several of one controller together. The grant fixes pins and direction, by the board's own pin names, and what a
 * line is where nobody holds it.
 */
import { gpioLineGrant, gpioLinesGrant } from "@bulkhead/protocol";
import { defineInterface } from "@bulkhead/sdk";
import { z } from "zod";

const level = z.union([z.literal(0), z.literal(1)]);

export const gpioLineInterface = defineInterface({
  name: "gpio-line",
  grant: gpioLineGrant,
  operations: {
    read: { arguments: z.null(), result: z.strictObject({ level }), idempotent: true },
    /** Needs `direction: out`. */
    write: { arguments: z.strictObject({ level }), result: z.null(), idempotent: true },
    /**
     * Asks for `edge` notifications, from now on and also after the controller was away. Needs `direction: in`. `stamped`: by the kernel at
     * the interrupt, or by the driver when it hears of it; then an edge may be lost without a gap.
     */
    watch: {
      arguments: z.strictObject({ edges: z.enum(["none", "rising", "falling", "both"]) }),
      result: z.strictObject({ stamped: z.enum(["kernel", "driver"]) }),
      idempotent: true,
    },
  },
  notifications: {
    /** `timeUs`: the monotonic clock at the edge; a gap in `sequence` is a lost edge. It counts from 0 again after the controller was away. */
    edge: z.strictObject({ level, timeUs: z.number().int(), sequence: z.number().int().nonnegative() }),
    /**
     * The controller has gone (calls fail with GPIO_GONE) or is back: an output is at its safe state again, and edges
     * of the time between are lost.
     */
    presence: z.strictObject({ isPresent: z.boolean() }),
  },
  refuse: (grant, operation) => {
    if (operation === "write" && grant.direction === "in") return `${grant.pin} is granted as an input`;
    if (operation === "watch" && grant.direction === "out") return `${grant.pin} is granted as an output`;
    return undefined;
  },
});

const several = z.array(level).min(2).max(64);

/** Lines that are read and written together: by the character device in one call, by sysfs one after the other. In the order of the grant. */
export const gpioLinesInterface = defineInterface({
  name: "gpio-lines",
  grant: gpioLinesGrant,
  operations: {
    read: { arguments: z.null(), result: z.strictObject({ levels: several }), idempotent: true },
    /** Needs `direction: out`, and as many levels as there are pins: else DEVICE_VALUE_REFUSED, and nothing is written. */
    write: { arguments: z.strictObject({ levels: several }), result: z.null(), idempotent: true },
    /** As of one line, for all of them. */
    watch: gpioLineInterface.operations.watch,
  },
  notifications: {
    /** As of one line, and which it is. `sequence` counts the edges of each. */
    edge: z.strictObject({
      pin: z.string(),
      level,
      timeUs: z.number().int(),
      sequence: z.number().int().nonnegative(),
    }),
    presence: z.strictObject({ isPresent: z.boolean() }),
  },
  refuse: ({ direction }, operation) => {
    if (operation === "write" && direction === "in") return "its pins are granted as inputs";
    if (operation === "watch" && direction === "out") return "its pins are granted as outputs";
    return undefined;
  },
});
