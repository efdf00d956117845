/** Where information can get in a system: every pair of ends that a way leads between. Pure. */
import { flowGraph, type Plan, reachableFrom } from "@bulkhead/protocol/manifest";

/** End → all other ends that its information can reach. Ends are components, proxies, pins, devices, secrets. */
export function flowsOf(plan: Plan): Map<string, Set<string>> {
  const graph = flowGraph(plan);
  const ends = [...graph.edges.keys()].filter((node) => isEnd(plan, node));
  return new Map(
    ends.map((from) => {
      const reached = reachableFrom(graph, [from]);
      return [from, new Set(ends.filter((to) => to !== from && reached.has(to)))];
    }),
  );
}

// Every system has its core servers, and nothing passes through them: they would only repeat who has which channel. The
// network is its proxies: what reaches one of them reaches the world.
function isEnd(plan: Plan, node: string): boolean {
  const component = Object.hasOwn(plan.components, node) ? plan.components[node] : undefined;
  if (component !== undefined) return component.role === "application" || component.role === "driver";
  return /^(network:|secret:)/.test(node) || (node.includes("/") && !node.endsWith("/"));
}
