/** A component gone bad: tries to break out once per start, reports what the walls said, and then idles. */
import { defineComponent } from "@bulkhead/sdk";
import { z } from "zod";
import { tryEverything, usualTargets } from "./attempts.ts";

const configSchema = z.object({
  files: z.array(z.string()).max(8).default([]),
  sockets: z.array(z.string()).max(8).default([]),
  addresses: z
    .array(z.object({ host: z.string(), port: z.number().int() }))
    .max(8)
    .default([]),
});

export const component = defineComponent({
  start({ config, log }) {
    const more = configSchema.parse(config);
    // Behind readiness: trying takes seconds where the network swallows packets.
    void tryEverything({
      files: [...usualTargets.files, ...more.files],
      sockets: [...usualTargets.sockets, ...more.sockets],
      addresses: [...usualTargets.addresses, ...more.addresses],
    }).then((attempts) => {
      const refused = attempts.filter((attempt) => attempt.refused).length;
      log.info("attempts", { attempts, refused, total: attempts.length });
    });
  },
});
