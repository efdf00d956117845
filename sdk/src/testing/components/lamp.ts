/** For specs: a provider and a client, each a process of its own. */
import { z } from "zod";
import { defineComponent } from "../../component.ts";
import { defineInterface } from "../../interface.ts";

export const lampInterface = defineInterface({
  name: "lamp",
  operations: {
    set: { arguments: z.strictObject({ on: z.boolean() }), result: z.null(), idempotent: true },
    /** Ends the provider in the given way. */
    end: { arguments: z.enum(["throw", "reject", "hang"]), result: z.null(), idempotent: false },
  },
  notifications: { changed: z.strictObject({ on: z.boolean() }) },
});

export const house = defineComponent({
  provides: { lamp: lampInterface },
  start({ provides, log, onStop, incarnation }) {
    log.info("house starts", { incarnation });
    provides.lamp.serve((client) => ({
      set({ on }) {
        client.notify("changed", { on });
        return null;
      },
      end(how) {
        if (how === "hang") for (;;);
        if (how === "reject") void Promise.reject(new Error("nobody caught this"));
        setImmediate(() => {
          throw new Error("the bulb burst");
        });
        return null;
      },
    }));
    onStop(() => log.info("house is dark"));
  },
});

export const visitor = defineComponent({
  uses: { light: lampInterface },
  async start({ uses, log, config }) {
    uses.light.channel.on("changed", ({ on }) => log.info("changed", { on }));
    uses.light.channel.onPeer((state) => log.info("peer", state));
    await uses.light.set({ on: true });
    const how = z.object({ end: z.enum(["throw", "reject", "hang"]).optional() }).parse(config).end;
    if (how) await uses.light.end(how);
  },
});
