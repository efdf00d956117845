/** Ways of information as text for a person. Pure. */
import { formatColumns } from "../cli/columns.ts";
import { nodeTitle, type Step } from "./explain.ts";

/** Each way as a list of steps, with the permission that each takes. */
export function formatWays(from: string, to: string, ways: readonly (readonly Step[])[], more: boolean): string {
  if (ways.length === 0) return `no information can flow from ${from} to ${to}`;
  const count = `${ways.length}${more ? " or more" : ""} way${ways.length === 1 && !more ? "" : "s"}`;
  const head = `information can flow from ${from} to ${to} in ${count}`;
  return [head, ...ways.map((steps, index) => formatWay(index + 1, steps))].join("\n\n");
}

function formatWay(number: number, steps: readonly Step[]): string {
  const first = nodeTitle(steps[0]?.from ?? "");
  const rows = steps.map(({ to, by }) => [`  → ${nodeTitle(to)}`, by]);
  return `${number}. ${first}\n${formatColumns(rows)}`;
}
