/** What the bench does to an emulated board, by the names of the station's file. */

import { BulkheadError } from "@bulkhead/protocol";
import type { Board } from "@bulkhead/protocol/manifest";
import type { Bank } from "../../emulated/boards/board.ts";
import { createMachineStimulus, type MachineStimulus } from "../../emulated/stimulus/machine.ts";
import { connectQmp } from "../../emulated/stimulus/qmp.ts";
import type { BenchStimulus } from "../target.ts";
import type { ImageMachine } from "./machines.ts";

export type WorldStimulus = BenchStimulus & {
  /** The machine has lost its power, and another takes its place. */
  forget(): void;
};

/** `file`: where the machine's sockets are. */
export function openStimulus(machine: ImageMachine, board: Board, file: (name: string) => string): WorldStimulus {
  let opened: Promise<MachineStimulus> | undefined;
  const open = () => {
    opened ??= findBanks(machine, board, file).then((banks) =>
      createMachineStimulus({ name: board.board, banks }, file),
    );
    return opened;
  };
  return {
    async pin(name, level) {
      const pin = board.pins[name];
      if (pin?.bank === undefined || pin.line === undefined) throw notThere(name);
      await (await open()).pin(pin.bank, pin.line, level);
    },
    async temperature(chip, milliCelsius) {
      await (await open()).temperature(chip, milliCelsius);
    },
    forget() {
      opened?.then((stimulus) => stimulus.close()).catch(() => undefined);
      opened = undefined;
    },
  };
}

function notThere(name: string): BulkheadError {
  return new BulkheadError("STATION_FAILED", `the bench does not reach the pin ${name}`, {
    remedy: "the board's file says on which controller it is",
  });
}

type Found = { readonly path: string } | { readonly type: string };

/** QEMU's paths of the controllers; what hangs on no name of its own is found by its type. */
async function findBanks(
  { banks, linesPerBank }: ImageMachine,
  board: Board,
  file: (name: string) => string,
): Promise<Bank[]> {
  const qmp = await connectQmp(file("qmp"));
  try {
    const paths = await Promise.all(
      banks.map((bank: Found) => ("path" in bank ? bank.path : qmp.findUnattached(bank.type))),
    );
    return paths.map((path, index) => ({ at: `bank ${index} of ${board.board}`, path, lines: linesPerBank }));
  } finally {
    qmp.close();
  }
}
