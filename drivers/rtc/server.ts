/** The RTC driver server: gives each client the one clock that its grant names. */
import { fileURLToPath } from "node:url";
import { defineComponent } from "@bulkhead/sdk";
import { backendOf } from "../backend.ts";
import { attributesOf, nodeOf } from "../sysfs/places.ts";
import { loadIoctl } from "../system-calls.ts";
import { createSharedTurns } from "../turns.ts";
import type { RtcDriver } from "./driver.ts";
import { rtcInterface } from "./interface.ts";
import { linuxRtc } from "./linux.ts";
import { simulatedRtc } from "./simulated.ts";

/** An RTC driver over the back-end that `create` makes. */
export const rtcDriver = (create: (config: unknown) => RtcDriver) =>
  defineComponent({
    provides: { clock: rtcInterface },
    start({ provides, config }) {
      const driver = create(config);
      const turns = createSharedTurns<string>();
      provides.clock.serve(({ grant: { device } }) => {
        const next = turns.ofClient(device);
        return {
          read: async () => ({ timeMs: await next(() => driver.read(device)) }),
          set: async ({ timeMs }) => {
            await next(() => driver.set(device, timeMs));
            return null;
          },
        };
      });
    },
  });

/** The bundle has the add-on beside it (studio/src/build/add-ons.ts). */
export const component = rtcDriver((config) => {
  if (backendOf("rtc", config) === "simulated") return simulatedRtc();
  return linuxRtc({ attributesOf, nodeOf }, loadIoctl(fileURLToPath(new URL("koffi.node", import.meta.url))));
});
