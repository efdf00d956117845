/** Blinks by timers of the driver's own, for what has no better. */

export type Blinker = {
  readonly isRunning: boolean;
  /** Switches on now. A switch that fails is told to `onError` and ends it. */
  start(onMs: number, offMs: number): void;
  /** Resolves when nothing of it is under way. */
  stop(): Promise<void>;
  /** Runs `work` while nothing is switched. */
  between<R>(work: () => Promise<R>): Promise<R>;
};

export function createBlinker(
  change: (isOn: boolean) => Promise<void>,
  onError: (error: unknown) => void = () => {},
): Blinker {
  let timer: NodeJS.Timeout | undefined;
  let isRunning = false;
  let last: Promise<void> = Promise.resolve();

  function step(isOn: boolean, onMs: number, offMs: number): void {
    last = last
      .then(() => change(isOn))
      .catch((error: unknown) => {
        isRunning = false;
        onError(error);
      });
    void last.then(() => {
      if (isRunning) timer = setTimeout(() => step(!isOn, onMs, offMs), isOn ? onMs : offMs);
    });
  }
  return {
    get isRunning() {
      return isRunning;
    },
    start(onMs, offMs) {
      isRunning = true;
      step(true, onMs, offMs);
    },
    async stop() {
      isRunning = false;
      clearTimeout(timer);
      await last;
    },
    between(work) {
      const done = last.then(work);
      last = done.then(
        () => {},
        () => {},
      );
      return done;
    },
  };
}
