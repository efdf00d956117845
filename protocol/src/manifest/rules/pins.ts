/** Pins: the board has them, nothing of the board uses them, and no two channels drive the same one. */
import type { ErrorReport } from "../../errors.ts";
import type { Channel } from "../../system.ts";
import { type Analysis, atValue, type Rule } from "../analysis.ts";
import type { Board } from "../board.ts";
import { nearestWord } from "../suggest.ts";
import { grantPath } from "./grants.ts";

export const pinRule: Rule = (analysis) => {
  const users = new Map<string, Channel>();
  return analysis.plan.channels.flatMap((channel) => {
    const { pin } = channel.grant;
    if (channel.interface !== "gpio-line" || typeof pin !== "string") return [];
    const other = users.get(pin);
    users.set(pin, other ?? channel);
    return checkPin(analysis, channel, pin, other);
  });
};

function checkPin(
  { board, source }: Analysis,
  channel: Channel,
  pin: string,
  other: Channel | undefined,
): ErrorReport[] {
  const path = [...grantPath(channel), "pin"];
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
