/** The two ways to write a board from a bench: as a disk of the bench, and by its maker's program. Either gives it a one-time token. */
import { BulkheadError } from "@bulkhead/protocol";
import type { Board } from "@bulkhead/protocol/manifest";
import { identityFor } from "../../../studio/src/flash/enrolment.ts";
import { type Image, openImage } from "../../../studio/src/flash/image.ts";
import { showBytes } from "../../../studio/src/flash/progress.ts";
import { inspectTarget } from "../../../studio/src/flash/target.ts";
import { flashByUsb } from "../../../studio/src/flash/usb-flash.ts";
import { eventually } from "../../../studio/src/run/eventually.ts";
import type { StationFlash } from "../../station/real-board.ts";
import { runFlash } from "./run-flash.ts";

export type Writing = {
  readonly image: string;
  readonly board: Board;
  /** The Studio Server that the board is enrolled with, and what that is to call it. */
  readonly server: string;
  readonly device: string;
  readonly signal: AbortSignal;
};

export function writeBy(flash: StationFlash, writing: Writing): Promise<void> {
  return flash.kind === "disk" ? writeDisk(flash, writing) : writeByProgram(flash, writing);
}

type Disk = Pick<Extract<StationFlash, { kind: "disk" }>, "to" | "boundMs">;

async function writeDisk(disk: Disk, { image, board, server, device, signal }: Writing): Promise<void> {
  await untilThere(disk, signal);
  const enrolment = ["--board", board.board, "--enrol", device, "--name", server];
  await runFlash([image, "--to", disk.to, ...enrolment], signal);
}

/** After a multiplexer has switched, the kernel looks for a moment for what is there; a reader without a card is a disk of no size. */
export async function untilThere({ to, boundMs }: Disk, signal: AbortSignal): Promise<void> {
  const look = async () => {
    signal.throwIfAborted();
    const found = await inspectTarget(to).catch((error: unknown) => {
      if (error instanceof BulkheadError && error.code === "FLASH_TARGET_REFUSED") return undefined;
      throw error;
    });
    return found && found.sizeBytes > 0 ? found : undefined;
  };
  await eventually(to, boundMs, look, 200).catch((cause: unknown) => {
    if (!(cause instanceof BulkheadError && cause.code === "DEADLINE_EXCEEDED")) throw cause;
    throw new BulkheadError("STATION_FAILED", `the bench does not see ${to} after ${boundMs / 1000} s`, {
      remedy:
        "is the card in its reader, and does `before:` switch it to the bench? `ls -l /dev/disk/by-id` lists what there is",
      cause,
    });
  });
}

type Program = Pick<Extract<StationFlash, { kind: "program" }>, "command">;

/** With `bulkhead flash --usb`'s own parts: the image is held to its map, and the program gets a copy of it that has the token. */
async function writeByProgram({ command }: Program, writing: Writing): Promise<void> {
  const { server, device, signal } = writing;
  const [program = "", ...words] = command;
  const commandFor = (file: string) => ({
    program,
    arguments: words.map((word) => (word === "{image}" ? file : word)),
    prepare: "try the command of the station's file by hand",
  });
  const image: Image = await openImage(writing.image);
  try {
    const identity = await identityFor({ enrol: device, name: server });
    await flashByUsb({ image, commandFor, identity, onProgress: showBytes(), signal });
  } finally {
    await image.handle.close();
  }
}
