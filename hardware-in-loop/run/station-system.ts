/** `--system`: the system of a station as a project, for a board whose image is built, and whose card is written, by a person. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";
import { writeSystem } from "../system/write.ts";
import { loadStation } from "./stations.ts";

/** Makes `directory`, with a manifest and the components that it names. Returns what to do with it, in words. Throws USAGE where it is there already. */
export async function writeStationSystem(name: string, directory: string): Promise<string> {
  const { station, board } = await loadStation(name);
  if (existsSync(directory)) {
    throw new BulkheadError("USAGE", `${directory} is there already`, { remedy: "name a folder that is to be made" });
  }
  const manifest = await writeSystem(station, board, resolve(directory));
  return `${manifest}\nnpx --no -- bulkhead image build ${board.board} --manifest ${manifest} -o out\n`;
}
