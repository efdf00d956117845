/**
 * The PWM driver server: gives each client the one output that its grant names. An output whose client goes, or whose
 * driver stops, falls back to its declared safe signal, or is off; what a killed driver left on its next start puts off.
 */
import { devicesDirectory, type PwmChannelGrant } from "@bulkhead/protocol";
import { defineComponent, type Log } from "@bulkhead/sdk";
import { backendOf } from "../backend.ts";
import { createHoldings, type Thing } from "../holdings.ts";
import type { PwmDriver, PwmOutput } from "./driver.ts";
import { pwmChannelInterface } from "./interface.ts";
import { linuxPwm } from "./linux.ts";
import { simulatedPwm } from "./simulated.ts";

/** A PWM driver over the back-end that `create` makes. */
export const pwmDriver = (create: (config: unknown, log: Log) => PwmDriver) =>
  defineComponent({
    provides: { channel: pwmChannelInterface },
    async start({ provides, config, log, onStop }) {
      const driver = create(config, log);
      await driver.offAll();
      await makeSafe(driver, provides.channel.channels(), log);
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

export const component = pwmDriver((config, log) => {
  if (backendOf("pwm", config) === "simulated") return simulatedPwm();
  return linuxPwm(devicesDirectory, (output, error) => log.error(`${output} may be on`, { error }));
});

type Channel = { readonly grant: PwmChannelGrant };

/** Outputs with a declared safe signal have it from before anybody connects, also those that a killed driver left. */
async function makeSafe(driver: PwmDriver, channels: readonly Channel[], log: Log): Promise<void> {
  for (const channel of channels) {
    if (channel.grant.safe === undefined) continue;
    const { key, open } = outputOf(driver, channel);
    await open().catch((error: unknown) => log.error(`${key} may not be in its safe state`, { error }));
  }
}

function outputOf(driver: PwmDriver, { grant }: Channel): Thing<PwmOutput> {
  const { device, channel, polarity = "normal", safe } = grant;
  const putAside = async (output: PwmOutput) => {
    await (safe === undefined ? output.off() : output.set(safe));
  };
  return {
    key: `${device}/${channel}`,
    async open() {
      const output = await driver.take(device, channel, polarity);
      await putAside(output);
      return output;
    },
    putAside,
  };
}
