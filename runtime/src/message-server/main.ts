/**
 * The message server: shows the state of the device, as the root server measured it, to those who may see it, and stands
 * in the middle of the channels that the manifest wants inspected.
 */
import { channelSchema } from "@bulkhead/protocol";
import { defineComponent, monitorInterface, type ServedClient } from "@bulkhead/sdk";
import { z } from "zod";
import { createDeviceRecord } from "./device-record.ts";
import { type Middle, standInTheMiddle } from "./inspection/index.ts";

const configSchema = z.object({ inspected: z.array(channelSchema).default([]) });

export const component = defineComponent({
  provides: { monitor: monitorInterface },
  async start({ provides, root, log, config }) {
    const middles = new Map<string, Middle>();
    for (const channel of configSchema.parse(config).inspected) {
      middles.set(`${channel.client}.${channel.name}`, await standInTheMiddle({ channel, log }));
    }
    const record = createDeviceRecord();
    const readers = new Set<ServedClient<typeof monitorInterface>>();

    provides.monitor.serve((client) => {
      readers.add(client);
      client.onGone(() => readers.delete(client));
      return {
        status: () => record.status(),
        system: () => record.system(),
        inspections: () => Object.fromEntries([...middles].map(([name, { counters }]) => [name, { ...counters }])),
      };
    });

    root.onStatus((push) => {
      const kept = record.accept(push);
      if ("refused" in kept)
        return log.error("a state of the root server was refused", { ...kept, ...record.counts() });
      for (const reader of readers) reader.notify("changed", kept);
    });
  },
});
