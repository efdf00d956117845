/** Strong dependencies have an order: without one there is nothing to start first. */
import { atKey, type Rule } from "../analysis.ts";
import { describeCycle, findCycles } from "../cycles.ts";

export const dependencyCycleRule: Rule = ({ plan, source }) =>
  findCycles(plan.channels.filter(({ dependency }) => dependency === "strong")).map((cycle) => {
    const last = cycle.at(-1);
    const path = ["components", last?.client ?? "", "uses", last?.name ?? ""];
    const message = `strong dependencies go in a circle: ${describeCycle(cycle)}`;
    const remedy = "make one of them `dependency: weak` and turn its calls into notifications";
    return atKey(source, { code: "MANIFEST_DEPENDENCY_CYCLE", path, message, remedy });
  });
