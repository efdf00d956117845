/** Nobody waits for itself: synchronous calls never go in a circle, whether the dependencies are strong or weak. */
import { atKey, type Rule } from "../analysis.ts";
import { describeCycle, findCycles } from "../cycles.ts";

export const callCycleRule: Rule = ({ plan, source }) =>
  findCycles(plan.channels)
    // A circle of strong edges only is the other rule's, which says more.
    .filter((cycle) => cycle.some(({ dependency }) => dependency === "weak"))
    .map((cycle) => {
      const last = cycle.at(-1);
      const path = ["components", last?.client ?? "", "uses", last?.name ?? ""];
      const message = `calls go in a circle: ${describeCycle(cycle)}`;
      const remedy = "turn one call around: let the provider send a notification instead";
      return atKey(source, { code: "MANIFEST_CALL_CYCLE", path, message, remedy });
    });
