/** The stations of this checkout, by the names of their files. */
import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { BulkheadError, enrolledNameSchema } from "@bulkhead/protocol";
import { type Board, parseBoard, suggest } from "@bulkhead/protocol/manifest";
import { boardsDirectory } from "../../studio/src/locations.ts";
import { formatErrors, parseStation, type Station } from "../station/station.ts";

const folder = join(import.meta.dirname, "../stations");

/** All names: `virtual`, `emulated/imx8mm-evk`. */
export async function listStations(): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith(".yaml"))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replace(/\.yaml$/, ""))
    .sort();
}

/**
 * Reads one station. `device`: what a board on a bench is called, in place of the file's name of it.
 *
 * @throws BulkheadError STATION_UNKNOWN, STATION_INVALID with every error of its file, MANIFEST_SYNTAX, USAGE
 */
export async function loadStation(name: string, device?: string): Promise<{ station: Station; board: Board }> {
  const names = await listStations();
  if (!names.includes(name)) {
    throw new BulkheadError("STATION_UNKNOWN", `there is no station \`${name}\``, {
      remedy: suggest(name, names) ?? `there are ${names.join(", ")}`,
    });
  }
  const file = join(folder, `${name}.yaml`);
  const boards = await readBoards();
  const parsed = parseStation({ file: relative(process.cwd(), file), text: await readFile(file, "utf8") }, (board) =>
    boards.get(board),
  );
  const board = "station" in parsed ? boards.get(parsed.station.board) : undefined;
  if ("station" in parsed && board) return { station: withDevice(parsed.station, device), board };
  throw new BulkheadError(
    "STATION_INVALID",
    `the station \`${name}\` cannot be used:\n${"errors" in parsed ? formatErrors(parsed.errors) : ""}`,
  );
}

function withDevice(station: Station, device: string | undefined): Station {
  if (device === undefined) return station;
  const name = enrolledNameSchema.safeParse(device);
  if (!name.success) {
    const rule = name.error.issues.map(({ message }) => message).join("; ");
    throw new BulkheadError("USAGE", `--device: ${rule}`, { remedy: "give the name of a device" });
  }
  if (station.target.kind === "board") return { ...station, target: { ...station.target, device } };
  throw new BulkheadError("USAGE", `the station \`${station.station}\` names its device itself`, {
    remedy: "--device is for a board on a bench",
  });
}

async function readBoards(): Promise<Map<string, Board>> {
  const files = (await readdir(boardsDirectory)).filter((file) => file.endsWith(".yaml"));
  const parsed = await Promise.all(
    files.map(async (file) => parseBoard({ file, text: await readFile(join(boardsDirectory, file), "utf8") })),
  );
  // A board file that is wrong says so in `bulkhead check`, and is none here.
  return new Map(parsed.flatMap((one) => ("board" in one ? [[one.board.board, one.board] as const] : [])));
}
