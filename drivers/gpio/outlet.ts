/**
 * The pins of one grant for as long as the driver runs. An output is held from the start on, in its safe state whenever no client has it: a
 * line that is given back keeps what was last written to it on some controllers, and goes its own way on others.
 */
import type { GpioLineGrant, GpioLinesGrant } from "@bulkhead/protocol";
import type { Log } from "@bulkhead/sdk";
import type { Edges, GpioDriver, LineSettings, Lines, PinLevel } from "./driver.ts";
import { createKeptLine, type Listener } from "./kept-line.ts";

export type Outlet = {
  /** Resolves when an output has its safe state; where it cannot be had, after the first of the tries that go on until it can. */
  hold(): Promise<void>;
  /** Nobody but `holder` can use the pin until it leaves. False where somebody has it. */
  take(holder: Listener): boolean;
  leave(holder: Listener): Promise<void>;
  /** In the order of the grant, as is what is written. */
  read(): Promise<PinLevel[]>;
  write(levels: readonly PinLevel[]): Promise<void>;
  watch(edges: Edges): Promise<void>;
  /** Puts an output into its safe state and gives the pin back. */
  close(): Promise<void>;
};

export type GpioGrant = GpioLineGrant | GpioLinesGrant;
export const pinsOf = (grant: GpioGrant): readonly string[] => ("pin" in grant ? [grant.pin] : grant.pins);

export function createOutlet(driver: GpioDriver, grant: GpioGrant, log: Log): Outlet {
  const settings = settingsOf(grant);
  const pins = pinsOf(grant);
  const line = createKeptLine(driver, pins, settings, log);
  let holder: Listener | undefined;

  function makeSafe(lines: Lines): Promise<void> {
    if (settings.direction === "in") return lines.watch("none", ignore, ignore);
    return lines.write(pins.map(() => settings.safe));
  }
  return {
    hold: async () => (settings.direction === "out" ? line.insist() : undefined),
    take(candidate) {
      if (holder) return false;
      holder = candidate;
      line.listen(candidate);
      return true;
    },
    async leave(leaver) {
      if (holder !== leaver) return;
      // At once, for who comes next; its calls wait for the pin to be safe.
      holder = undefined;
      line.listen(undefined);
      const isSafe = line.settle(makeSafe);
      // An output that is claimed anew is safe from then on, so one that could not be reached is safe when it is back.
      await (settings.direction === "in" ? line.release() : isSafe);
    },
    read: () => line.use((lines) => lines.read()),
    write: (levels) => line.use((lines) => lines.write(levels)),
    watch: (edges) => line.watch(edges),
    close: () => line.close(makeSafe),
  };
}

const ignore = (): void => {};

/** The grant with what it leaves out. */
function settingsOf({ direction, safe = 0, drive = "push-pull", bias, debounceUs }: GpioGrant): LineSettings {
  const common = bias === undefined ? {} : { bias };
  if (direction === "out") return { ...common, direction, safe, drive };
  return { ...common, direction, ...(debounceUs !== undefined && { debounceUs }) };
}
