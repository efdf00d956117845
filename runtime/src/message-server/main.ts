/** The message server: shows the state of the device, as the root server measured it, to those who may see it. */
import { defineComponent, monitorInterface, type ServedClient } from "@bulkhead/sdk";
import { createDeviceRecord } from "./device-record.ts";

export const component = defineComponent({
  provides: { monitor: monitorInterface },
  start({ provides, root, log }) {
    const record = createDeviceRecord();
    const readers = new Set<ServedClient<typeof monitorInterface>>();

    provides.monitor.serve((client) => {
      readers.add(client);
      client.onGone(() => readers.delete(client));
      return { status: () => record.status(), system: () => record.system() };
    });

    root.onStatus((push) => {
      const kept = record.accept(push);
      if ("refused" in kept)
        return log.error("a state of the root server was refused", { ...kept, ...record.counts() });
      for (const reader of readers) reader.notify("changed", kept);
    });
  },
});
