/** The emulated boards by name, and in a guest the one that it is. */
import { architectures } from "../architecture.ts";
import type { EmulatedBoard } from "./board.ts";
import { imx8mmEvk } from "./imx8mm-evk.ts";
import { imx8mpCan } from "./imx8mp-can.ts";
import { imx8mpEvk } from "./imx8mp-evk.ts";
import { sabrelite } from "./sabrelite.ts";
import { virt } from "./virt.ts";
import { virtCan } from "./virt-can.ts";
import { virtGpioSim } from "./virt-gpio-sim.ts";

const all: readonly EmulatedBoard[] = [
  imx8mmEvk,
  imx8mpEvk,
  imx8mpCan,
  sabrelite,
  virt(architectures.arm64),
  virt(architectures.armhf),
  virtGpioSim,
  virtCan,
];

export const boards: ReadonlyMap<string, EmulatedBoard> = new Map(all.map((board) => [board.name, board]));

/** To be asked by a specification that runs inside one. */
export function thisBoard(name: string | undefined = process.env["BULKHEAD_BOARD"]): EmulatedBoard {
  const board = boards.get(name ?? "");
  if (board === undefined) throw new Error("this runs in an emulated board alone (npm run prove -- drivers)");
  return board;
}
