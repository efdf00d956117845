/** The bench that a run has: its station, and the board on it, which is switched on when the first test asks for it. */
import { join } from "node:path";
import type { Board } from "@bulkhead/protocol/manifest";
import type { Station } from "../station/station.ts";
import { writeSystem } from "../system/write.ts";
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

/** `directory`: where what is made for the bench can be. */
export function openBench(station: Station, board: Board, directory: string): Bench {
  let target: Promise<Target> | undefined;
  return {
    station,
    target() {
      target ??= openTarget(station, board, join(directory, "system"));
      return target;
    },
    opened: async () => target?.catch(() => undefined),
  };
}

async function openTarget(station: Station, board: Board, directory: string): Promise<Target> {
  const { target } = station;
  return target.kind === "board" ? openBoard(target) : openLocal(await writeSystem(station, board, directory));
}
