/** `bulkhead why`: how information can get from one place to another. Exit code as grep has it: 0 found, 1 no way. */
import { BulkheadError } from "@bulkhead/protocol";
import { findWays, flowGraph, flowNames, nodesNamed, type Plan, suggest } from "@bulkhead/protocol/manifest";
import { defineCommand } from "citty";
import { loadSystem } from "../check/load-system.ts";
import { integerOption } from "../cli/numbers.ts";
import { jsonOption, printResult } from "../cli/output.ts";
import { explainWay } from "./explain.ts";
import { formatWays } from "./format.ts";

export const command = defineCommand({
  meta: {
    name: "why",
    description: "Print the ways that information can take between two parts of a system, shortest first; 1 if none.",
  },
  args: {
    system: { type: "positional", description: "The manifest (YAML) or a built release.", required: true },
    from: {
      type: "positional",
      description: "A component, channel, pin, device, proxy, secret, or network.",
      required: true,
    },
    to: { type: "positional", description: "The same.", required: true },
    without: { type: "string", description: "Only ways that do not meet this one.", valueHint: "NAME" },
    limit: { type: "string", description: "At most so many ways.", default: "20" },
    ...jsonOption,
  },
  run({ args }) {
    const limit = integerOption("limit", args.limit, 1, 1000);
    const { plan } = loadSystem(args.system);
    const without = args.without === undefined ? [] : [args.without];
    const { ways, more } = waysBetween(plan, args.from, args.to, { without, limit });
    const explained = ways.map((nodes) => ({ nodes, steps: explainWay(plan, nodes) }));
    const steps = explained.map((way) => way.steps);
    printResult(args.json, { ways: explained, more }, formatWays(args.from, args.to, steps, more));
    return ways.length > 0 ? 0 : 1;
  },
});

/** The ways between two names of an author's. Throws NOT_FOUND where a name is none of the system. */
export function waysBetween(
  plan: Plan,
  from: string,
  to: string,
  { without, limit }: { without: readonly string[]; limit: number },
) {
  const graph = flowGraph(plan);
  const resolve = (name: string): string[] => {
    const nodes = nodesNamed(graph, name);
    if (nodes.length > 0) return nodes;
    const remedy = suggest(name, flowNames(graph));
    throw new BulkheadError("NOT_FOUND", `\`${name}\` is nothing that ${plan.system} has`, remedy ? { remedy } : {});
  };
  return findWays(graph, resolve(from), resolve(to), { without: without.flatMap(resolve), limit });
}
