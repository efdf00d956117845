/** The board of an emulated station: the checkout's file, with another `pace:` where the machine has one, and nothing else changed. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { parseBoard } from "@bulkhead/protocol/manifest";
import { parse, stringify } from "yaml";
import { type Buildable, buildableOf } from "../../../studio/src/image/board.ts";
import { boardsDirectory } from "../../../studio/src/locations.ts";

export type PacedBoard = {
  readonly buildable: Buildable;
  /** Puts the file where a build of `manifest` looks first. */
  writeBeside(manifest: string): Promise<void>;
};

/** Throws IMAGE_BOARD_UNFIT for a board that no image can be built for. */
export async function readPaced(name: string, pace: number | undefined): Promise<PacedBoard> {
  const file = `${name}.yaml`;
  const written: object = parse(await readFile(join(boardsDirectory, file), "utf8"));
  const text = stringify(pace === undefined ? written : { ...written, pace });
  const parsed = parseBoard({ file, text });
  if ("errors" in parsed) throw new Error(JSON.stringify(parsed.errors));
  return {
    buildable: buildableOf(parsed.board),
    async writeBeside(manifest) {
      const folder = join(dirname(manifest), "boards");
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, file), text);
    },
  };
}
