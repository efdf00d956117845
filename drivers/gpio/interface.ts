/**
 * One line of GPIO. The grant fixes pin and direction, by the board's own pin name, and what the line is where nobody
 * holds it.
 */
import { gpioLineGrant } from "@bulkhead/protocol";
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
