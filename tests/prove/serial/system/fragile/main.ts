/** Does a few things that its trace shows, and breaks. */
import { defineComponent, monitorInterface, traceMark } from "@bulkhead/sdk";

export const component = defineComponent({
  uses: { monitor: monitorInterface },
  start({ uses, log }) {
    void (async () => {
      await uses.monitor.status();
      traceMark("the window is stuck");
      log.warn("about to break");
      throw new Error("it broke on purpose");
    })();
  },
});
