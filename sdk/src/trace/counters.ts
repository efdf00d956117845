/** What the providers of this component counted, beside its trace ring, for whoever shows the state of the device. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Channel } from "@bulkhead/protocol";
import type { ServerEnd } from "../channel/server.ts";

export const counterFileName = "counters.json";

export type CounterFile = { write(channels: readonly Channel[], servers: readonly ServerEnd[]): void };

/** Writes only what has changed; a reader that meets half a file reads again later. */
export function createCounterFile(directory: string): CounterFile {
  let written = "[]";
  return {
    write(channels, servers) {
      const counted = servers.flatMap(({ counters, name }) => {
        const channel = channels.find((one) => `${one.client}.${one.name}` === name);
        return channel ? [{ client: channel.client, name: channel.name, ...counters }] : [];
      });
      const text = JSON.stringify(counted);
      if (text === written) return;
      try {
        writeFileSync(join(directory, counterFileName), text);
        written = text;
      } catch {
        // Counting is no reason to fail.
      }
    },
  };
}
