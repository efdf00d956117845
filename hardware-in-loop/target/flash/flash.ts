/** Writes an image to a station's board, and waits until the board has started from it and enrolled itself: only when a run is asked to. */
import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";
import type { Board } from "@bulkhead/protocol/manifest";
import type { StudioClient } from "../../../studio/src/api/client.ts";
import { openStudio } from "../../../studio/src/api/server-option.ts";
import { boardFor } from "../../../studio/src/flash/board.ts";
import { openImage } from "../../../studio/src/flash/image.ts";
import { checkNewName, type Names, withdrawal } from "../../../studio/src/flash/new-name.ts";
import { eventually } from "../../../studio/src/run/eventually.ts";
import type { RealBoard, StationFlash } from "../../station/real-board.ts";
import { fileOf, type Station } from "../../station/station.ts";
import { openConsole } from "../console.ts";
import { openPower, type Power, runOfBench } from "../power.ts";
import { takeSteps } from "./steps.ts";
import { writeBy } from "./write.ts";

export type FlashWish = {
  readonly station: Station;
  readonly board: Board;
  readonly image: string;
};

export type FlashRun = {
  /** Where what the console said of the first start is kept. */
  readonly consoleFile: string;
  readonly signal: AbortSignal;
  note(text: string): void;
};

/** Of a board of usual pace: a first start makes partitions and keys. */
const usualEnrolMs = 600_000;

/**
 * What can be refused is, before anything of the board or of its last run is touched: throws STATION_CAPABILITY_UNPROVIDED, FILE_UNREADABLE,
 * FLASH_WRONG_BOARD, FLASH_IMAGE_INVALID, USAGE, CONFLICT, STUDIO_UNREACHABLE. What is returned flashes: it throws what `flashBoard` does.
 */
export async function prepareFlash(
  { station, board, image: file }: FlashWish,
  open: (server: string) => Promise<Names> = openStudio,
): Promise<(run: FlashRun) => Promise<void>> {
  const { target, flash, power } = flashOf(station);
  const image = resolve(file);
  await checkImage(image, board);
  const client = await open(target.server);
  const another = `give it another name: --device "${target.device}-2", and put that into ${fileOf(station)}`;
  await checkNewName(client, target.device, another);
  return (run) => flashBoard({ ...run, board, image, target, flash, power, client, enrolMs: usualEnrolMs });
}

export type BoardFlash = FlashRun & {
  readonly board: Board;
  readonly image: string;
  readonly target: Pick<RealBoard, "server" | "device" | "console">;
  readonly flash: StationFlash;
  readonly power: Power;
  readonly client: Pick<StudioClient, "devices">;
  /** How long its first start may take. */
  readonly enrolMs: number;
};

/**
 * Off, to the bench, written, back to the board, on; then it is booting, and at its agent when it has enrolled itself. Throws STATION_FAILED, and
 * TARGET_NOT_REACHED where it does not.
 */
export async function flashBoard(options: BoardFlash): Promise<void> {
  const { target, flash, power, signal, note } = options;
  const { server, device } = target;
  const byBench = async (command: readonly string[] | undefined, what: string) => {
    if (command !== undefined) await runOfBench(command, flash.boundMs, `what is written cannot be ${what}`);
  };
  const console = target.console && (await openConsole(target.console));
  try {
    note(`flash: ${device} loses its power, and what it has now`);
    await takeSteps({
      power,
      before: () => byBench(flash.before, "brought to the bench"),
      write: async () => {
        signal.throwIfAborted();
        await writeBy(flash, { image: options.image, board: options.board, server, device, signal });
      },
      after: () => byBench(flash.after, "given back to the board"),
      isBoardWriting: flash.kind === "program",
    });
    note("flash: written; the board starts from it");
    await untilEnrolled(options);
    note(`flash: ${device} has enrolled itself`);
  } finally {
    if (console) await writeFile(options.consoleFile, console.text());
    await console?.close();
  }
}

function flashOf(station: Station): { target: RealBoard; flash: StationFlash; power: Power } {
  const { target } = station;
  const power = target.kind === "board" ? openPower(target) : undefined;
  if (target.kind === "board" && target.flash && power) return { target, flash: target.flash, power };
  const isOnBench = target.kind === "board";
  throw new BulkheadError("STATION_CAPABILITY_UNPROVIDED", `the station \`${station.station}\` cannot be flashed`, {
    remedy: isOnBench
      ? `write \`flash:\` and \`power:\` into ${fileOf(station)}, or the card by hand: bulkhead flash --help`
      : "its run makes image and card by itself: leave --flash out",
  });
}

async function checkImage(file: string, board: Board): Promise<void> {
  const image = await openImage(file);
  await image.handle.close();
  boardFor(image, board.board);
}

async function untilEnrolled({ client, target, signal, enrolMs }: BoardFlash): Promise<void> {
  const look = async () => {
    signal.throwIfAborted();
    return (await client.devices()).find(({ name }) => name === target.device);
  };
  await eventually(target.device, enrolMs, look, 1000).catch((cause: unknown) => {
    if (!(cause instanceof BulkheadError && cause.code === "DEADLINE_EXCEEDED")) throw cause;
    throw new BulkheadError("TARGET_NOT_REACHED", `the board has not enrolled itself in ${enrolMs / 1000} s`, {
      remedy: `what its console said is in first-start.log; its token is good for a day: cut its power once by hand, or flash it again after ${withdrawal(target.device)} --name ${target.server}`,
      cause,
    });
  });
}
