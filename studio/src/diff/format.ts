/** A difference as text for a person: what is gained stands behind a plus, what is lost behind a minus. Pure. */
import { nodeTitle } from "../why/explain.ts";
import type { Change, ComponentDifference, Difference, FlowDifference } from "./compare.ts";

/** Components first, then flows; one line where nothing differs. */
export function formatDifference({ components, flows }: Difference): string {
  if (components.length + flows.length === 0) return "the permissions and flows are the same";
  const permissions = components.map(formatComponent);
  const moved = flows.length === 0 ? [] : [["information", ...flows.flatMap(formatFlow)].join("\n")];
  return [...permissions, ...moved].join("\n\n");
}

const states = { added: " (new)", removed: " (gone)", kept: "" } as const;

function formatComponent({ component, state, changes }: ComponentDifference): string {
  return [`${component}${states[state]}`, ...changes.map(formatChange)].join("\n");
}

function formatChange(change: Change): string {
  if (change.kind === "changed") return `  ~ ${change.subject}: ${change.before} → ${change.after}`;
  const value = change.value === "" ? "" : `: ${change.value}`;
  return `  ${change.kind === "gained" ? "+" : "-"} ${change.subject}${value}`;
}

function formatFlow({ from, gained, lost }: FlowDifference): string[] {
  const list = (nodes: readonly string[]) => nodes.map(nodeTitle).join(", ");
  const reaches = from.length > 1 ? "no longer reach" : "no longer reaches";
  return [
    ...(gained.length > 0 ? [`  + ${list(from)} can reach ${list(gained)}`] : []),
    ...(lost.length > 0 ? [`  - ${list(from)} ${reaches} ${list(lost)}`] : []),
  ];
}
