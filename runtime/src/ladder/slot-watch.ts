/**
 * A slot on trial under a generation that is in charge already: the board went back to it with the generation, or root of the board tries it. It is the current slot
 * once all components have been ready for a while. Under a generation on trial the two are one decision, which the ledger makes.
 */
import type { Ledger } from "../generations/index.ts";

const steadyMs = 10_000;

export type SlotWatch = {
  /** To be called with each change. */
  observe(isWell: boolean): void;
};

export function watchSlot(ledger: Pick<Ledger, "base" | "settle">): SlotWatch {
  let steady: NodeJS.Timeout | undefined;

  function again(): void {
    steady = setTimeout(() => {
      void ledger.settle().then(() => {
        // The disk did not take it.
        if (steady !== undefined && ledger.base()?.onTrial) again();
      });
    }, steadyMs).unref();
  }

  return {
    observe(isWell) {
      if (!isWell) {
        clearTimeout(steady);
        steady = undefined;
      } else if (steady === undefined && ledger.base()?.onTrial) again();
    },
  };
}
