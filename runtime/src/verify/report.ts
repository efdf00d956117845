/** From two looks to a report: only what both saw is a difference, for between two reads the device goes on. */
import type { Difference, Verification } from "@bulkhead/protocol";
import type { Look } from "./look.ts";

const maxDifferences = 50;

type Seen = Pick<Look, "differences" | "seen" | "gone">;

/** `failure`: why something was not looked at. Every text is cut to what a status may carry. */
export function makeReport(atMs: number, first: Seen, second: Seen): Verification {
  const keys = new Set(first.differences.map(keyOf));
  const both = fairly(unique(second.differences).filter((difference) => keys.has(keyOf(difference))));
  const gone = [...new Set([...first.gone, ...second.gone])];
  const failure = gone.length > 0 ? `these ended meanwhile: ${gone.join(", ")}`.slice(0, 500) : null;
  return {
    atMs,
    ok: both.length === 0 && failure === null,
    components: second.seen.length,
    differences: both.slice(0, maxDifferences).map(clip),
    more: Math.max(0, both.length - maxDifferences),
    failure,
  };
}

/** Without what a process can change between two looks as it likes: a descriptor's number, which forbidden socket it is. */
function keyOf({ component, what, expected, found }: Difference): string {
  const lasting = what === "sockets" ? "" : found.replace(/^\d+ is /, "");
  return JSON.stringify([component, what, expected, lasting]);
}

function unique(differences: readonly Difference[]): Difference[] {
  return [...new Map(differences.map((difference) => [JSON.stringify(difference), difference])).values()];
}

/** The first of each component, then the second of each: one that makes hundreds must not push out the others'. */
function fairly(differences: readonly Difference[]): Difference[] {
  const counts = new Map<string, number>();
  const ranked = differences.map((difference) => {
    const rank = counts.get(difference.component) ?? 0;
    counts.set(difference.component, rank + 1);
    return { difference, rank };
  });
  return ranked.sort((one, other) => one.rank - other.rank).map(({ difference }) => difference);
}

function clip({ component, what, expected, found }: Difference): Difference {
  const cut = (text: string, length: number) => (text.length > length ? `${text.slice(0, length - 1)}…` : text);
  return { component: cut(component, 64), what: cut(what, 120), expected: cut(expected, 300), found: cut(found, 300) };
}
