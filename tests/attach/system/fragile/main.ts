/** Does a few things that its trace shows, and breaks. */
import { defineComponent, traceMark } from "@bulkhead/sdk";
import { sum } from "../sum.ts";

export const component = defineComponent({
  uses: { sum },
  start({ uses, log }) {
    const work = async () => {
      for (;;) if (await uses.sum.add(1).catch(() => undefined)) break;
      traceMark("the window is stuck");
      log.warn("about to break");
      throw new Error("it broke");
    };
    setTimeout(() => void work(), 300);
  },
});
