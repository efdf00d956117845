/**
 * The PWM driver server: gives each client the one output that its grant names. An output whose client goes, or whose
 * driver stops, falls back to its declared safe signal, or is off; what a killed driver left on its next start puts off.
 */
import { devicesDirectory } from "@bulkhead/protocol";
import { defineComponent, type ServedClient } from "@bulkhead/sdk";
import { backendOf } from "../backend.ts";
import { createHoldings, type Thing } from "../holdings.ts";
import type { PwmDriver, PwmOutput } from "./driver.ts";
import { pwmChannelInterface } from "./interface.ts";
import { linuxPwm } from "./linux.ts";
import { simulatedPwm } from "./simulated.ts";

/** A PWM driver over the back-end that `create` makes. */
export const pwmDriver = (create: (config: unknown) => PwmDriver) =>
  defineComponent({
    provides: { channel: pwmChannelInterface },
    async start({ provides, config, log, onStop }) {
      const driver = create(config);
      await driver.offAll();
      const holdings = createHoldings(log);
      provides.channel.serve((client) => {
        const output = holdings.hold(client, outputOf(driver, client));
        return {
          set: (signal) => output.tell((taken) => taken.set(signal)),
          off: () => output.tell((taken) => taken.off()),
          read: () => output.use((taken) => taken.read()),
        };
      });
      onStop(() => holdings.putAllAside());
    },
  });

export const component = pwmDriver((config) =>
  backendOf("pwm", config) === "simulated" ? simulatedPwm() : linuxPwm(devicesDirectory),
);

function outputOf(driver: PwmDriver, { grant }: ServedClient<typeof pwmChannelInterface>): Thing<PwmOutput> {
  const { device, channel, polarity = "normal", safe } = grant;
  const makeSafe = async (output: PwmOutput) => {
    await (safe === undefined ? output.off() : output.set(safe));
  };
  return {
    key: `${device}/${channel}`,
    async open() {
      const output = await driver.take(device, channel, polarity);
      await makeSafe(output);
      return output;
    },
    putAside: makeSafe,
  };
}
