/** Says a number every 50 ms, in a line that is more than ASCII. */
import { defineComponent } from "@bulkhead/sdk";

export const talker = (what: string) =>
  defineComponent({
    start({ log }) {
      let number = 0;
      setInterval(() => log.info(`${what} ${++number} of 21 °C`), 50);
    },
  });
