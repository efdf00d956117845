/**
 * The watchdog driver server: passes its client's signs of life on, and shows none of its own. When the client goes, hangs
 * or is forgotten nothing is done, so that the board is reset: that is what a watchdog is for. Asked to stop, the driver
 * stops only those whose grant says `stoppable`.
 */
import { fileURLToPath } from "node:url";
import { defineComponent, type Log } from "@bulkhead/sdk";
import { backendOf } from "../backend.ts";
import { createHoldings } from "../holdings.ts";
import { attributesOf, nodeOf } from "../sysfs/places.ts";
import { loadIoctl } from "../system-calls.ts";
import type { Watchdog, WatchdogDriver } from "./driver.ts";
import { watchdogInterface } from "./interface.ts";
import { linuxWatchdog } from "./linux.ts";
import { simulatedWatchdog } from "./simulated.ts";

/** A watchdog driver over the back-end that `create` makes. */
export const watchdogDriver = (create: (config: unknown, log: Log) => WatchdogDriver) =>
  defineComponent({
    provides: { timer: watchdogInterface },
    start({ provides, config, log, onStop }) {
      const driver = create(config, log);
      const holdings = createHoldings(log);
      const opened = new Map<string, Watchdog>();
      /** Those whose grant lets them be stopped. */
      const stoppable = new Set<string>();
      provides.timer.serve((client) => {
        const { device, stoppable: mayStop } = client.grant;
        if (mayStop === true) stoppable.add(device);
        const watchdog = holdings.hold(client, {
          key: device,
          async open() {
            const known = opened.get(device) ?? driver.open(device);
            opened.set(device, known);
            return known;
          },
          // It runs on: nobody shows a sign of life for who has gone.
          putAside: async () => {},
        });
        return {
          start: ({ timeoutSeconds }) =>
            watchdog.use(async (dog) => ({ timeoutSeconds: await dog.start(timeoutSeconds) })),
          pet: () => watchdog.tell((dog) => dog.pet()),
          stop: () => watchdog.tell((dog) => dog.stop()),
          read: () => watchdog.use((dog) => dog.read()),
        };
      });
      onStop(async () => {
        await holdings.putAllAside();
        for (const [device, watchdog] of opened) await leave(watchdog, device, stoppable.has(device), log);
      });
    },
  });

async function leave(watchdog: Watchdog, device: string, mayStop: boolean, log: Log): Promise<void> {
  try {
    if (mayStop) return await watchdog.stop();
  } catch (error) {
    log.error(`${device} runs on`, { error });
  }
  await watchdog.abandon();
}

/** The bundle has the add-on beside it (studio/src/build/add-ons.ts). */
export const component = watchdogDriver((config, log) => {
  if (backendOf("watchdog", config) === "simulated")
    return simulatedWatchdog((device) => log.error(`${device}: no sign of life in time; a board would be reset now`));
  const ioctl = loadIoctl(fileURLToPath(new URL("koffi.node", import.meta.url)));
  return linuxWatchdog({ attributesOf, nodeOf }, ioctl);
});
