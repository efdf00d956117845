/**
 * The message server: shows the state of the device, as the root server measured it, to those who may see it, and stands
 * in the middle of the channels that the manifest wants inspected.
 */
import { channelSchema, toCoreServer } from "@bulkhead/protocol";
import {
  clockInterface,
  defineComponent,
  monitorInterface,
  type ServedClient,
  schedulerInterface,
} from "@bulkhead/sdk";
import { z } from "zod";
import { createDeviceRecord } from "./device-record.ts";
import { reportDevice } from "./device-report.ts";
import { type Middle, standInTheMiddle } from "./inspection/index.ts";

/** After a start the first state of the root server is on its way: who asks before it is there waits for it so long. */
const firstStateMs = 1_000;

const configSchema = z.object({ inspected: z.array(channelSchema).default([]) });

export const component = defineComponent({
  provides: { monitor: monitorInterface },
  uses: { scheduler: schedulerInterface, clock: clockInterface },
  async start({ provides, uses, root, log, config, onStop }) {
    const middles = new Map<string, Middle>();
    for (const channel of configSchema.parse(config).inspected) {
      middles.set(`${channel.client}.${channel.name}`, await standInTheMiddle({ channel, log }));
    }
    const record = createDeviceRecord();
    const inspections = () => Object.fromEntries([...middles].map(([name, { counters }]) => [name, { ...counters }]));
    const readers = new Set<ServedClient<typeof monitorInterface>>();
    let tellFirst = () => {};
    const first = new Promise<void>((resolve) => {
      tellFirst = resolve;
    });
    const patience = setTimeout(tellFirst, firstStateMs);
    const known = async <T>(read: () => T | Promise<T>): Promise<T> => {
      await first;
      return read();
    };

    provides.monitor.serve((client) => {
      readers.add(client);
      client.onGone(() => readers.delete(client));
      // What changed while this server, or the client, was away is one change to it.
      queueMicrotask(() => {
        if (record.counts().accepted > 0) client.notify("changed", { generation: record.status().generation });
      });
      return {
        status: () => known(record.status),
        system: () => known(record.system),
        inspections,
        report: () => known(() => reportDevice(record.status(), uses, inspections())),
      };
    });

    onStop(() => clearTimeout(patience));
    root.hear("status", toCoreServer.status, ({ status }) => {
      const kept = record.accept(status);
      if ("refused" in kept)
        return log.error("a state of the root server was refused", { ...kept, ...record.counts() });
      tellFirst();
      for (const reader of readers) reader.notify("changed", kept);
    });
  },
});
