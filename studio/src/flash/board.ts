/** The board file that an image's papers name. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";
import { type Board, parseBoard } from "@bulkhead/protocol/manifest";
import { boardsDirectory } from "../locations.ts";

/** Undefined where Bulkhead comes with none of this name: a board of somebody's own. Throws FLASH_IMAGE_INVALID where it is no name. */
export function findBoardFile(name: string): Board | undefined {
  if (!/^[a-z][a-z0-9-]{0,31}$/.test(name))
    throw new BulkheadError("FLASH_IMAGE_INVALID", `\`${name}\` is no name of a board`);
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
