/** The boards that come with Bulkhead, and what an image of each is. */
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";
import { type Board, type BoardImage, parseBoard, suggest } from "@bulkhead/protocol/manifest";
import { boardsDirectory } from "../locations.ts";

/** Those whose files are valid; `check` says what is wrong with another. */
export function readBoards(): Board[] {
  const files = readdirSync(boardsDirectory).filter((name) => name.endsWith(".yaml"));
  return files.sort().flatMap((file) => {
    const parsed = parseBoard({ file, text: readFileSync(join(boardsDirectory, file), "utf8") });
    return "errors" in parsed ? [] : [parsed.board];
  });
}

export type Buildable = {
  readonly board: Board & { architecture: "arm64" | "armhf" };
  readonly image: BoardImage & { kernel: string };
};

/** A board that an image can be built for. Throws IMAGE_BOARD_UNFIT with what is missing. */
export function findBuildable(name: string): Buildable {
  const boards = readBoards();
  const board = boards.find((one) => one.board === basename(name, ".yaml"));
  if (board === undefined) {
    const names = boards.map((one) => one.board);
    throw unfit(`there is no board ${name}`, suggest(name, names) ?? "bulkhead image ls");
  }
  return buildableOf(board);
}

/** The same of a board file's content. Throws IMAGE_BOARD_UNFIT. */
export function buildableOf(board: Board): Buildable {
  const { image, architecture } = board;
  if (image === undefined) throw unfit(`${board.title} starts from no image`, "bulkhead image ls");
  const { kernel } = image;
  if (kernel === undefined) {
    const remedy = "its kernel and device tree come from its maker; this version does not take them in yet";
    throw unfit(`Debian has no kernel for ${board.title}`, remedy);
  }
  if (architecture !== "arm64" && architecture !== "armhf")
    throw unfit(`images are for Arm boards, not ${architecture}`, "bulkhead image ls");
  return { board: { ...board, architecture }, image: { ...image, kernel } };
}

function unfit(message: string, remedy: string): BulkheadError {
  return new BulkheadError("IMAGE_BOARD_UNFIT", message, { remedy });
}
