/** The two components of the benchmark: one that answers, one that calls without a pause and tells of each new incarnation. */
import { defineComponent, defineInterface } from "@bulkhead/sdk";
import { z } from "zod";

export const echoInterface = defineInterface({
  name: "echo",
  operations: {
    /** Answers with the provider's incarnation. */
    ping: { arguments: z.null(), result: z.number().int(), idempotent: true },
  },
});

export const echo = defineComponent({
  provides: { echo: echoInterface },
  start({ provides, incarnation }) {
    provides.echo.serve(() => ({ ping: () => incarnation }));
  },
});

export const caller = defineComponent({
  uses: { "to-echo": echoInterface },
  start({ uses }) {
    let last = 0;
    async function call(): Promise<void> {
      for (;;) {
        const incarnation = await uses["to-echo"].ping().catch(() => last);
        // Monotonic and the same for all processes of the host, so that the killer can subtract.
        if (incarnation !== last) console.log(`answered ${incarnation} ${process.hrtime.bigint()}`);
        last = incarnation;
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    }
    void call();
  },
});
