/** `bulkhead diff`: permissions and flows gained and lost between two systems. Exit code as diff has it: 0 same, 1 different. */
import { defineCommand } from "citty";
import { loadSystem } from "../check/load-system.ts";
import { jsonOption, printResult } from "../cli/output.ts";
import { compareSystems } from "./compare.ts";
import { formatDifference } from "./format.ts";

export const command = defineCommand({
  meta: {
    name: "diff",
    description: "Print the permissions and flows that a system gained and lost; exit code 1 if there are any.",
  },
  args: {
    old: { type: "positional", description: "The manifest (YAML) or built release before.", required: true },
    new: { type: "positional", description: "The one after.", required: true },
    ...jsonOption,
  },
  run({ args }) {
    const difference = compareSystems(loadSystem(args.old).plan, loadSystem(args.new).plan);
    printResult(args.json, difference, formatDifference(difference));
    return difference.components.length + difference.flows.length > 0 ? 1 : 0;
  },
});
