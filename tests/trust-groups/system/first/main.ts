/** Sends something through the chain again and again, and says what came out of it. Its third incarnation sends what breaks. */
import { defineComponent } from "@bulkhead/sdk";
import { ring } from "../ring.ts";

export const component = defineComponent({
  uses: { next: ring },
  provides: {},
  start({ uses, incarnation, log, onStop }) {
    const word = incarnation === 3 ? "break" : "first";
    const pass = () =>
      // Longer than anybody looks into who answers.
      uses.next.pass(word, { deadlineMs: 30_000 }).then(
        (trail) => log.info(`${incarnation}: ${trail}`),
        () => undefined,
      );
    const timer = setInterval(pass, 100);
    onStop(() => clearInterval(timer));
  },
});
