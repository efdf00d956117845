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
  readonly image: BoardImage;
};

/** What is brought for it, and what is to be made: a disk, or an archive for the Linux that it has, which needs no kernel. */
export type Brought = { readonly kernel: boolean };

/** A board that an image can be built for. Throws IMAGE_BOARD_UNFIT with what is missing. */
export function findBuildable(name: string, brought: Brought = { kernel: false }): Buildable {
  const boards = readBoards();
  const board = boards.find((one) => one.board === basename(name, ".yaml"));
  if (board === undefined) {
    const names = boards.map((one) => one.board);
    throw unfit(`there is no board ${name}`, suggest(name, names) ?? "bulkhead image ls");
  }
  return buildableOf(board, brought);
}

/** The same of a board file's content. Throws IMAGE_BOARD_UNFIT. */
export function buildableOf(board: Board, brought: Brought = { kernel: false }): Buildable {
  const { image, architecture } = board;
  if (image === undefined) throw unfit(`${board.title} starts from no image`, "bulkhead image ls");
  if (image.kernel === undefined && !brought.kernel) {
    const remedy =
      "its kernel and device tree come from its maker: bring them (--bsp), or build for its own Linux (bulkhead image archive)";
    throw unfit(`Debian has no kernel for ${board.title}`, remedy);
  }
  if (architecture !== "arm64" && architecture !== "armhf")
    throw unfit(`images are for Arm boards, not ${architecture}`, "bulkhead image ls");
  return { board: { ...board, architecture }, image };
}

function unfit(message: string, remedy: string): BulkheadError {
  return new BulkheadError("IMAGE_BOARD_UNFIT", message, { remedy });
}
