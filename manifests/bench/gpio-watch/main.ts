/** Says every edge of a pin that the bench drives. */
import { gpioLineInterface } from "@bulkhead/drivers/gpio/interface";
import { defineComponent } from "@bulkhead/sdk";

export const component = defineComponent({
  uses: { pin: gpioLineInterface },
  async start({ uses, log }) {
    uses.pin.channel.on("edge", ({ level, sequence }) => log.info(`${level}, edge ${sequence}`));
    await uses.pin.watch({ edges: "both" });
    log.info(`${(await uses.pin.read()).level} at the start`);
  },
});
