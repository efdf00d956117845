/** The bench that a run has: its station, and the board on it, which is switched on when the first test asks for it. */
import { join } from "node:path";
import type { Board } from "@bulkhead/protocol/manifest";
import { fileOf, type Station } from "../station/station.ts";
import { writeSystem } from "../system/write.ts";
import { openBoard } from "../target/board.ts";
import { openEmulated } from "../target/emulated/emulated.ts";
import { machines } from "../target/emulated/machines.ts";
import { openLocal } from "../target/local.ts";
import type { Target } from "../target/target.ts";

export type Bench = {
  readonly station: Station;
  /** A bound in ms, of what takes that long on a board: where boards are emulated all takes longer. */
  within(boundMs: number): number;
  /** Opened once; rejects again for every later test where it could not be. */
  target(): Promise<Target>;
  /** The target where somebody has asked for it. */
  opened(): Promise<Target | undefined>;
};

/** `directory`: where what is made for the bench can be. */
export function openBench(station: Station, board: Board, directory: string): Bench {
  let target: Promise<Target> | undefined;
  const slowness = station.target.kind === "emulated" ? machines[station.target.machine].slowness : 1;
  return {
    station,
    within: (boundMs) => boundMs * slowness,
    target() {
      target ??= openTarget(station, board, join(directory, "system"));
      return target;
    },
    opened: async () => target?.catch(() => undefined),
  };
}

async function openTarget(station: Station, board: Board, directory: string): Promise<Target> {
  const { target } = station;
  switch (target.kind) {
    case "board":
      return openBoard(target, fileOf(station));
    case "emulated":
      return openEmulated({ station, board, machine: target.machine, directory });
    case "local":
      return openLocal((version) => writeSystem(station, board, join(directory, version), version));
  }
}
