/** A system that requires a security primitive goes onto no board that lacks it, or where nothing uses it: that would protect nothing. */
import { primitives } from "../../primitives.ts";
import { atValue, type Rule } from "../analysis.ts";
import type { Board } from "../board.ts";

export const primitiveRule: Rule = ({ written, source, board }) =>
  (written.requires ?? []).flatMap((primitive, index) => {
    const found = board.security?.[primitive];
    if (found?.state === "present") return [];
    const absent = found === undefined || found.state === "absent";
    const message = absent
      ? `board \`${board.board}\` has no \`${primitive}\``
      : `board \`${board.board}\` has \`${primitive}\`, and nothing uses it: ${found.why}`;
    const path = ["requires", index];
    return [atValue(source, { code: "MANIFEST_PRIMITIVE_LACKING", path, message, remedy: remedyFor(board) })];
  });

function remedyFor({ security = {} }: Board): string {
  const used = primitives.filter((name) => security[name]?.state === "present").map((name) => `\`${name}\``);
  return used.length === 0
    ? "remove it, or take another board; this one uses none"
    : `remove it, or take another board; this one uses ${used.join(", ")}`;
}
