/** Calls over an inspected channel all the time, and now and then what it may not; says on its log what came of it. */
import { setTimeout } from "node:timers/promises";
import { defineComponent } from "@bulkhead/sdk";
import { register } from "../register.ts";

const wait = { deadlineMs: 20_000 };
const codeOf = (error: unknown) => (error as { code?: string }).code ?? String(error);

export const component = defineComponent({
  uses: { register },
  start({ uses, log }) {
    const reads: Record<string, number> = {};
    const resets: Record<string, number> = {};
    const count = (into: Record<string, number>, what: string) => {
      into[what] = (into[what] ?? 0) + 1;
    };
    const go = async (into: Record<string, number>, pauseMs: number, call: () => Promise<unknown>) => {
      for (;;) {
        await call().then(
          () => count(into, "done"),
          (error: unknown) => count(into, codeOf(error)),
        );
        await setTimeout(pauseMs);
      }
    };
    void go(reads, 10, () => uses.register.read(null, wait));
    void go(resets, 250, () => uses.register.reset(null, wait));
    setInterval(() => log.info("asked", { reads, resets }), 500);
  },
});
