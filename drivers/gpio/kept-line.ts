/**
 * Pins that are claimed together, and claimed again as soon as they can be had where their controller went or somebody else had one. One
 * thing after the other: who comes next finds the pins as the last one left them.
 */
import { BulkheadError } from "@bulkhead/protocol";
import type { Log } from "@bulkhead/sdk";
import { createTurns } from "../turns.ts";
import type { Edge, Edges, GpioDriver, LineSettings, Lines } from "./driver.ts";

export type Listener = { onEdge(edge: Edge): void; onPresence(isPresent: boolean): void };

export type KeptLine = {
  /** Claims the pin if need be. Throws as the back-end does. */
  use<T>(work: (lines: Lines) => Promise<T>): Promise<T>;
  /** Who hears of edges and presence from now on. */
  listen(listener: Listener | undefined): void;
  watch(edges: Edges): Promise<void>;
  /** Runs `work`, whose failure is logged, where the pin is claimed; forgets who watches. An output that fails is claimed anew, for it is safe then. */
  settle(work: (lines: Lines) => Promise<void>): Promise<void>;
  /** Tries until an output is claimed; resolves after the first time. */
  insist(): Promise<void>;
  release(): Promise<void>;
  /** Settles and releases at once, so that nobody comes between; then there are no more tries. */
  close(work: (lines: Lines) => Promise<void>): Promise<void>;
};

/** For the log. */
export const nameOf = (pins: readonly string[]): string => `${pins.length > 1 ? "pins" : "pin"} ${pins.join(", ")}`;

const isGone = (error: unknown): boolean => error instanceof BulkheadError && error.code === "GPIO_GONE";

/** How long a controller that is back, or a line that somebody else had, may go unnoticed. */
const retryMs = 250;

export function createKeptLine(
  driver: GpioDriver,
  pins: readonly string[],
  settings: LineSettings,
  log: Log,
): KeptLine {
  const name = nameOf(pins);
  let lines: Lines | undefined;
  let listener: Listener | undefined;
  let edges: Edges = "none";
  let isAway = false;
  let isClosed = false;
  let retry: NodeJS.Timeout | undefined;
  const next = createTurns();

  function setAway(now: boolean): void {
    if (isAway === now) return;
    isAway = now;
    log.warn(`${name} ${now ? "gone with the controller" : "back"}`);
    listener?.onPresence(!now);
  }
  async function claim(): Promise<Lines> {
    if (lines) return lines;
    if (isClosed) throw new BulkheadError("GPIO_GONE", "the driver stops");
    const claimed = await driver.claim(pins, settings);
    lines = claimed;
    try {
      if (edges !== "none") await watchLines(claimed);
    } catch (error) {
      // Claimed and not watched, it would be silent for ever: the next try begins with the claim.
      await release();
      throw error;
    }
    setAway(false);
    return claimed;
  }
  function watchLines(claimed: Lines): Promise<void> {
    const watcher = listener;
    const onGone = () => void next(async () => (lines === claimed ? lose() : undefined));
    return claimed.watch(edges, (edge) => watcher?.onEdge(edge), onGone);
  }
  async function release(): Promise<void> {
    await lines?.release();
    lines = undefined;
  }
  async function lose(): Promise<void> {
    await release();
    setAway(true);
    tryAgain();
  }
  /** An output has to come to its safe state, whoever uses it. */
  function tryAgain(): void {
    if (isClosed || (settings.direction === "in" && edges === "none")) return;
    retry ??= setTimeout(() => {
      retry = undefined;
      next(claim).catch(tryAgain);
    }, retryMs);
  }
  async function attempt<T>(work: (lines: Lines) => Promise<T>): Promise<T> {
    try {
      return await work(lines ?? (await claim()));
    } catch (error) {
      if (isGone(error)) await lose();
      throw error;
    }
  }
  const complain = (error: unknown) => log.error(`${name} may not be in the safe state`, { error });
  /** False where `work` failed. */
  async function calm(work: (lines: Lines) => Promise<void>): Promise<boolean> {
    edges = "none";
    try {
      if (lines) await attempt(work);
      return true;
    } catch (error) {
      complain(error);
      return false;
    }
  }

  return {
    use: (work) => next(() => attempt(work)),
    listen: (heard) => {
      listener = heard;
    },
    watch: (asked) =>
      next(() => {
        const before = edges;
        edges = asked;
        return attempt(watchLines).catch((error: unknown) => {
          // What cannot be watched can be read.
          if (!isGone(error)) edges = before;
          throw error;
        });
      }),
    settle: (work) =>
      next(async () => {
        if ((await calm(work)) || settings.direction === "in") return;
        await release();
        tryAgain();
      }),
    async insist() {
      await next(claim).catch((error: unknown) => {
        complain(error);
        tryAgain();
      });
    },
    release: () => next(release),
    close: (work) =>
      next(async () => {
        isClosed = true;
        clearTimeout(retry);
        await calm(work);
        await release();
      }),
  };
}
