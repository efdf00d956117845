/** The LED driver server: gives each client the one LED that its grant names, and gives it back as it was. */
import { devicesDirectory } from "@bulkhead/protocol";
import { defineComponent } from "@bulkhead/sdk";
import { backendOf } from "../backend.ts";
import { createHoldings } from "../holdings.ts";
import type { LedDriver } from "./driver.ts";
import { ledInterface } from "./interface.ts";
import { linuxLeds } from "./linux.ts";
import { simulatedLeds } from "./simulated.ts";

/** A LED driver over the back-end that `create` makes. */
export const ledsDriver = (create: (config: unknown) => LedDriver) =>
  defineComponent({
    provides: { led: ledInterface },
    start({ provides, config, log, onStop }) {
      const driver = create(config);
      const holdings = createHoldings(log);
      provides.led.serve((client) => {
        const { device } = client.grant;
        const led = holdings.hold(client, {
          key: device,
          open: () => driver.take(device),
          putAside: (taken) => taken.restore(),
        });
        return {
          set: ({ percent }) => led.tell((taken) => taken.set(percent)),
          blink: ({ onMs, offMs }) => led.tell((taken) => taken.blink(onMs, offMs)),
          read: () => led.use((taken) => taken.read()),
        };
      });
      onStop(() => holdings.putAllAside());
    },
  });

export const component = ledsDriver((config) =>
  backendOf("leds", config) === "simulated" ? simulatedLeds() : linuxLeds(devicesDirectory),
);
