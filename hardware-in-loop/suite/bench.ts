/** The bench that a run has: its station, and the board on it, which is switched on when the first test asks for it. */
import type { Station } from "../station/station.ts";
import { openBoard } from "../target/board.ts";
import { openLocal } from "../target/local.ts";
import type { Target } from "../target/target.ts";

export type Bench = {
  readonly station: Station;
  /** Opened once; rejects again for every later test where it could not be. */
  target(): Promise<Target>;
  /** The target where somebody has asked for it. */
  opened(): Promise<Target | undefined>;
};

export function openBench(station: Station): Bench {
  let target: Promise<Target> | undefined;
  return {
    station,
    target() {
      target ??= openTarget(station);
      return target;
    },
    opened: async () => target?.catch(() => undefined),
  };
}

function openTarget({ target }: Station): Promise<Target> {
  return target.kind === "local" ? openLocal(target) : openBoard(target);
}
