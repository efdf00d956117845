/** What is wrong with how a station's file has its board written, before anything is. */
import type { ErrorReport } from "@bulkhead/protocol";
import type { Board, Source } from "@bulkhead/protocol/manifest";
import type { StationWritten } from "./schema.ts";

/** That the board could be written as the file says, and by nobody's hand. */
export function faultsOfFlash({ target }: StationWritten, board: Board, source: Source): ErrorReport[] {
  if (target.kind !== "board" || target.flash === undefined) return [];
  const place = source.keyPlaceOf(["target", "flash"]);
  const power: ErrorReport[] = target.power
    ? []
    : [
        {
          code: "MANIFEST_MISSING_KEY",
          message: "`target` has `flash` and lacks `power`",
          place,
          remedy: "write `power: …`: what is written is taken from a board that is off, and given back to one",
        },
      ];
  const isName = !/^d-[0-9a-f]{16}$/.test(target.device);
  const named: ErrorReport[] = isName
    ? []
    : [
        {
          code: "MANIFEST_INVALID_VALUE",
          message: `\`device\`: ${target.device} is an id, and a board that is flashed gets another`,
          place: source.placeOf(["target", "device"]),
          remedy: "name the device by its name",
        },
      ];
  return [...power, ...named, ...faultOfWay(target.flash.kind, board, place)];
}

function faultOfWay(kind: "disk" | "program", board: Board, place: ErrorReport["place"]): ErrorReport[] {
  if (kind === "program" || board.flash?.card !== false) return [];
  return [
    {
      code: "FLASH_TARGET_REFUSED",
      message: `the board \`${board.board}\` does not start from a card`,
      ...(place && { place }),
      remedy: "write its memory by its maker's program: `kind: program`",
    },
  ];
}
