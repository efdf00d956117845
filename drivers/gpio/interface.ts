/** One line of GPIO. The grant fixes pin and direction, by the board's own pin name. */
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
    /** Asks for `edge` notifications. Needs `direction: in`. */
    watch: {
      arguments: z.strictObject({ edges: z.enum(["none", "rising", "falling", "both"]) }),
      result: z.null(),
      idempotent: true,
    },
  },
  notifications: {
    /** `timeUs`: the monotonic clock at the edge (the kernel's stamp where there is one); a gap in `sequence` is a lost edge. */
    edge: z.strictObject({ level, timeUs: z.number().int(), sequence: z.number().int().nonnegative() }),
  },
  refuse: (grant, operation) => {
    if (operation === "write" && grant.direction === "in") return `${grant.pin} is granted as an input`;
    if (operation === "watch" && grant.direction === "out") return `${grant.pin} is granted as an output`;
    return undefined;
  },
});
