/** What goes through the chain, and a station of it. */
import { defineComponent, defineInterface } from "@bulkhead/sdk";
import { z } from "zod";

export const ring = defineInterface({
  name: "ring",
  operations: { pass: { arguments: z.string().max(256), result: z.string().max(256), idempotent: true } },
});

/** Passes on what it gets, with its own name behind. `look` sees it first. */
export const station = (look: (trail: string) => void = () => undefined) =>
  defineComponent({
    provides: { ring },
    uses: { next: ring },
    start({ provides, uses, component, log }) {
      log.info(`here is ${component}, ${process.pid}`);
      provides.ring.serve(() => ({
        pass(trail) {
          look(trail);
          return uses.next.pass(`${trail} ${component}`, { deadlineMs: 5_000 });
        },
      }));
    },
  });
