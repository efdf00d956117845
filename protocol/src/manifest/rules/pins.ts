/** Pins: the board has them, nothing of the board uses them, no two channels have the same one, and those of one grant are of one controller. */
import type { ErrorReport } from "../../errors.ts";
import type { Channel } from "../../system.ts";
import { type Analysis, atValue, type Rule } from "../analysis.ts";
import type { Board } from "../board.ts";
import type { Path } from "../source.ts";
import { nearestWord } from "../suggest.ts";
import { grantPath } from "./grants.ts";

export const pinRule: Rule = (analysis) => {
  const users = new Map<string, Channel>();
  return analysis.plan.channels.flatMap((channel) => {
    const named = pinsOf(channel);
    const faults = named.flatMap(({ pin, path }) => {
      const other = users.get(pin);
      users.set(pin, other ?? channel);
      return checkPin(analysis, channel, { pin, path }, other);
    });
    return faults.length > 0 ? faults : checkControllers(analysis, channel, named);
  });
};

type Named = { readonly pin: string; readonly path: Path };

/** Where they stand in the grant, with its form; what has another form the grants' own rule refuses. */
function pinsOf(channel: Channel): Named[] {
  const { pin, pins } = channel.grant;
  const at = grantPath(channel);
  if (channel.interface === "gpio-line") return typeof pin === "string" ? [{ pin, path: [...at, "pin"] }] : [];
  if (channel.interface !== "gpio-lines" || !Array.isArray(pins)) return [];
  // One that is named twice is the grants' rule's, too.
  const isNamed = (each: unknown, index: number): each is string =>
    typeof each === "string" && pins.indexOf(each) === index;
  return pins.flatMap((each: unknown, index) =>
    isNamed(each, index) ? [{ pin: each, path: [...at, "pins", index] }] : [],
  );
}

/** One request to the kernel is one controller's. */
function checkControllers({ board, source }: Analysis, channel: Channel, named: readonly Named[]): ErrorReport[] {
  const bankOf = ({ pin }: Named) => board.pins[pin]?.bank;
  const [first, ...others] = named;
  const stranger = others.find((other) => first !== undefined && bankOf(other) !== bankOf(first));
  if (first === undefined || stranger === undefined) return [];
  const message = `\`${channel.client}.${channel.name}\` is granted pins of several controllers: \`${first.pin}\` and \`${stranger.pin}\``;
  const remedy = "what is read and written together is of one controller: take a channel for each";
  return [atValue(source, { code: "MANIFEST_GRANT_MISMATCH", path: stranger.path, message, remedy })];
}

function checkPin(
  { board, source }: Analysis,
  channel: Channel,
  { pin, path }: Named,
  other: Channel | undefined,
): ErrorReport[] {
  const known = Object.hasOwn(board.pins, pin) ? board.pins[pin] : undefined;
  if (known === undefined) {
    const near = nearestWord(pin, Object.keys(board.pins));
    const message = `board \`${board.board}\` has no pin \`${pin}\``;
    const remedy = near === undefined ? `its pins are in the file of the board` : `did you mean \`${near}\`?`;
    return [atValue(source, { code: "MANIFEST_UNKNOWN_PIN", path, message, remedy })];
  }
  if (isTaken(board, known.claims)) {
    const message = `board \`${board.board}\` uses pin \`${pin}\` for ${known.claims}`;
    const remedy = `take a free pin, or list \`${known.claims}\` under \`free-functions\` of the board if this board leaves it off`;
    return [atValue(source, { code: "MANIFEST_PIN_CLAIMED", path, message, remedy })];
  }
  if (other === undefined) return [];
  const message = `pin \`${pin}\` is granted to \`${other.client}.${other.name}\` and to \`${channel.client}.${channel.name}\``;
  const remedy = "a pin has one user: let the one ask the other";
  return [atValue(source, { code: "MANIFEST_DEVICE_CLAIMED_TWICE", path, message, remedy })];
}

function isTaken(board: Board, claims: string | undefined): boolean {
  return claims !== undefined && !(board["free-functions"] ?? []).includes(claims);
}
