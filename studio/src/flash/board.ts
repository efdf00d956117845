/** For which board an image is, and whether that is the one that is meant. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";
import { type Board, parseBoard } from "@bulkhead/protocol/manifest";
import { boardsDirectory } from "../locations.ts";
import type { Image } from "./image.ts";

/** Undefined: neither the image nor the person says for which it is. Throws FLASH_WRONG_BOARD, FLASH_IMAGE_INVALID. */
export function boardFor(
  { file, board }: Pick<Image, "file" | "board">,
  wanted: string | undefined,
): Board | undefined {
  const remedy = "give the image of that board, and keep its papers beside it";
  if (wanted !== undefined && board === undefined) {
    throw new BulkheadError("FLASH_WRONG_BOARD", `nothing beside ${file} says for which board it is`, { remedy });
  }
  if (wanted !== undefined && board !== wanted) {
    throw new BulkheadError("FLASH_WRONG_BOARD", `${file} is for board ${board}, not ${wanted}`, { remedy });
  }
  return board === undefined ? undefined : findBoardFile(board);
}

/** Throws FLASH_TARGET_REFUSED for a board that starts from its own memory alone. */
export function refuseCardless(board: Board | undefined): void {
  if (board?.flash === undefined || board.flash.card) return;
  const remedy = "it is written by USB: --usb";
  throw new BulkheadError("FLASH_TARGET_REFUSED", `board ${board.board} does not start from a card`, { remedy });
}

/** Undefined where Bulkhead comes with none of this name: a board of somebody's own. Throws FLASH_IMAGE_INVALID where it is no name. */
function findBoardFile(name: string): Board | undefined {
  if (!/^[a-z][a-z0-9-]{0,31}$/.test(name))
    throw new BulkheadError("FLASH_IMAGE_INVALID", `\`${name}\` is no name of a board`, {
      remedy: "build the image anew: its papers are not what `bulkhead image build` writes",
    });
  const file = join(boardsDirectory, `${name}.yaml`);
  const text = read(file);
  if (text === undefined) return undefined;
  const parsed = parseBoard({ file, text });
  return "board" in parsed ? parsed.board : undefined;
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
