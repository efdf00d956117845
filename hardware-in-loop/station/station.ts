/** Reads a station's file and holds it to its board: every error has its place and says what to write instead. */
import { type ErrorReport, formatError } from "@bulkhead/protocol";
import { type Board, parseWritten, readSource, type Source, suggest } from "@bulkhead/protocol/manifest";
import { capabilitiesOf, capabilityOf, missingCapabilities } from "./capabilities.ts";
import { faultsOfFlash } from "./flash-faults.ts";
import { type Fixture, type StationWritten, stationWritten } from "./schema.ts";

export type Station = StationWritten & {
  /** What tests can ask for. */
  readonly capabilities: readonly string[];
};

/** Its file, as a person of the checkout finds it. */
export const fileOf = ({ station }: Pick<Station, "station">): string => `hardware-in-loop/stations/${station}.yaml`;

export type StationText = { readonly file: string; readonly text: string };

/**
 * Parses a station's file. `board` finds the board file of a name.
 *
 * @throws BulkheadError MANIFEST_SYNTAX where it is not YAML
 */
export function parseStation(
  { file, text }: StationText,
  board: (name: string) => Board | undefined,
): { station: Station } | { errors: ErrorReport[] } {
  const source = readSource(text, file);
  const parsed = parseWritten(stationWritten, source);
  if ("errors" in parsed) return parsed;
  const written = parsed.value;
  const found = board(written.board);
  const errors = found
    ? [
        ...faultsOfFlash(written, found, source),
        ...faultsOfWiring(written, found, source),
        ...faultsOfNeeds(written, source),
      ]
    : [noBoard(written, source)];
  return errors.length > 0 ? { errors } : { station: { ...written, capabilities: capabilitiesOf(written) } };
}

/** All errors of a file as one text. */
export const formatErrors = (errors: readonly ErrorReport[]): string => errors.map(formatError).join("\n");

function noBoard({ board }: StationWritten, source: Source): ErrorReport {
  return {
    code: "MANIFEST_UNKNOWN_BOARD",
    message: `there is no board \`${board}\``,
    place: source.placeOf(["board"]),
    remedy: "`board:` names a file in manifests/boards/, for example `virtual`",
  };
}

function faultsOfWiring({ wiring }: StationWritten, board: Board, source: Source): ErrorReport[] {
  const seen = new Set<string>();
  return wiring.flatMap((fixture, index) => {
    const name = capabilityOf(fixture);
    const twice: ErrorReport[] = seen.has(name)
      ? [
          {
            code: "MANIFEST_INVALID_VALUE",
            message: `\`${name}\` is wired twice`,
            place: source.placeOf(["wiring", index]),
            remedy: "leave one of them out",
          },
        ]
      : [];
    seen.add(name);
    return [...twice, ...partsOf(fixture).flatMap((part) => faultOfPart(part, index, board, source))];
  });
}

/** What of the board a fixture hangs on, by the key that names it. */
type Part = { readonly key: string; readonly value: string; readonly of: "pin" | "i2c" | "serial" | "watchdog" };

function partsOf(fixture: Fixture): Part[] {
  switch (fixture.kind) {
    case "i2c":
      return [{ key: "bus", value: fixture.bus, of: "i2c" }];
    case "gpio-stimulus":
      return [{ key: "pin", value: fixture.pin, of: "pin" }];
    case "gpio-loopback":
      return [
        { key: "from", value: fixture.from, of: "pin" },
        { key: "to", value: fixture.to, of: "pin" },
      ];
    case "uart-loopback":
      return [{ key: "port", value: fixture.port, of: "serial" }];
    case "watchdog":
      return [{ key: "device", value: fixture.device, of: "watchdog" }];
  }
}

function faultOfPart({ key, value, of }: Part, index: number, board: Board, source: Source): ErrorReport[] {
  const names =
    of === "pin"
      ? Object.keys(board.pins)
      : Object.entries(board.devices).flatMap(([name, device]) => (device.class === of ? [name] : []));
  if (names.includes(value)) return of === "pin" ? faultOfClaim(value, ["wiring", index, key], board, source) : [];
  const remedy = suggest(value, names) ?? `see manifests/boards/${board.board}.yaml`;
  return [
    {
      code: of === "pin" ? "MANIFEST_UNKNOWN_PIN" : "MANIFEST_UNKNOWN_DEVICE",
      message: `the board \`${board.board}\` has no ${of === "pin" ? "pin" : `${of} device`} \`${value}\``,
      place: source.placeOf(["wiring", index, key]),
      remedy,
    },
  ];
}

/** Whatever the bench did at such a pin, it would do to what the board has there. */
function faultOfClaim(pin: string, path: (string | number)[], board: Board, source: Source): ErrorReport[] {
  const claims = board.pins[pin]?.claims;
  if (claims === undefined || (board["free-functions"] ?? []).includes(claims)) return [];
  return [
    {
      code: "MANIFEST_PIN_CLAIMED",
      message: `the board \`${board.board}\` uses pin \`${pin}\` for ${claims}`,
      place: source.placeOf(path),
      remedy: `take a free pin: see manifests/boards/${board.board}.yaml`,
    },
  ];
}

function faultsOfNeeds(written: StationWritten, source: Source): ErrorReport[] {
  const provided = capabilitiesOf(written);
  return written.require.flatMap((need, index): ErrorReport[] => {
    if (missingCapabilities([need], provided).length === 0) return [];
    return [
      {
        code: "STATION_CAPABILITY_UNPROVIDED",
        message: `nothing on this station provides \`${need}\``,
        place: source.placeOf(["require", index]),
        remedy: suggest(need, provided) ?? `wire it, or remove it; the station provides ${provided.join(", ")}`,
      },
    ];
  });
}
