/** A station of the ring, in TypeScript: passes the token on with its name, and answers with what comes back. */
import { defineComponent } from "@bulkhead/sdk";
import { ringInterface } from "../interfaces.ts";

export const component = defineComponent({
  uses: { next: ringInterface },
  provides: { ring: ringInterface },
  start({ uses, provides, component: name, incarnation, log }) {
    provides.ring.serve(() => ({
      pass: ({ round, trail }) => uses.next.pass({ round, trail: `${trail} ${name}` }, { deadlineMs: 1500 }),
    }));
    log.info(`${name} is in the ring, incarnation ${incarnation}`, {
      runtime: "Bun" in globalThis ? "bun" : "node",
    });
  },
});
