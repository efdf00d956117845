/**
 * One piece of work after another. What root of the board asks for goes before all that the management service has asked for: what is
 * under way gives way to it and is begun again afterwards, so that a service which keeps a fetch going keeps nobody out.
 */

/** `giveWay`: aborted where it is to end as soon as it can; `again` has it begun anew then, before what waited behind it. */
export type Work = (giveWay: AbortSignal) => Promise<"over" | "again">;

export type Lane = {
  /** False where too many wait. */
  add(work: Work): boolean;
  /** In front of all but others of its kind. False where too many of those wait. */
  addFirst(work: () => Promise<void>): boolean;
};

/** More than a person can mean, and few enough to hold. */
export const maxWaiting = 16;

/** `work` never throws. */
export function createLane(): Lane {
  const [urgent, waiting]: [Work[], Work[]] = [[], []];
  let current: AbortController | undefined;
  let isBusy = false;

  async function run(): Promise<void> {
    if (isBusy) return;
    isBusy = true;
    for (;;) {
      const first = urgent.shift();
      const work = first ?? waiting.shift();
      if (work === undefined) break;
      const giveWay = new AbortController();
      current = first === undefined ? giveWay : undefined;
      if ((await work(giveWay.signal)) === "again") waiting.unshift(work);
    }
    current = undefined;
    isBusy = false;
  }

  return {
    add(work) {
      if (waiting.length >= maxWaiting) return false;
      waiting.push(work);
      void run();
      return true;
    },
    addFirst(work) {
      if (urgent.length >= maxWaiting) return false;
      urgent.push(() => work().then(() => "over"));
      current?.abort();
      void run();
      return true;
    },
  };
}
