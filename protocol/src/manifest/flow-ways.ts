/** All ways that information can take from one place to another, shortest first. */
import type { FlowGraph } from "./flow-graph.ts";

export type Ways = {
  /** Each is the nodes along it, both ends included; none meets a node twice. */
  readonly ways: readonly (readonly string[])[];
  /** There are more than were asked for. */
  readonly more: boolean;
};

export type WaysOptions = {
  /** Nodes that no way may meet. */
  readonly without?: readonly string[];
  /** At most so many ways. */
  readonly limit: number;
};

/** A graph of a hundred components has more ways than anybody reads; looking for more ends here. */
const maxSteps = 200_000;

/** The ways from any of `from` to any of `to`: breadth first, only over nodes from which `to` can still be reached. */
export function findWays(graph: FlowGraph, from: readonly string[], to: readonly string[], options: WaysOptions): Ways {
  const { without = [], limit } = options;
  const useful = leadingTo(graph, to);
  const ways: string[][] = [];
  let partial = from.filter((node) => useful.has(node) && !without.includes(node)).map((node) => [node]);
  let steps = 0;
  while (partial.length > 0) {
    const longer: string[][] = [];
    for (const way of partial) {
      if (steps++ > maxSteps) return { ways, more: true };
      const at = way.at(-1) ?? "";
      if (to.includes(at)) {
        if (ways.length === limit) return { ways, more: true };
        ways.push(way);
        continue;
      }
      longer.push(
        ...nextSteps(graph, way, at, from)
          .filter((next) => useful.has(next) && !without.includes(next))
          .map((next) => [...way, next]),
      );
    }
    partial = longer;
  }
  return { ways, more: false };
}

function nextSteps({ edges, ends }: FlowGraph, way: readonly string[], at: string, from: readonly string[]): string[] {
  // A way that comes by another of its beginnings is a shorter way with something before it.
  if (ends.has(at) && way.length > 1) return [];
  return [...(edges.get(at) ?? [])].filter((next) => !way.includes(next) && !from.includes(next));
}

function leadingTo({ edges }: FlowGraph, to: readonly string[]): Set<string> {
  const before = new Map<string, string[]>();
  for (const [node, nexts] of edges) for (const next of nexts) before.set(next, [...(before.get(next) ?? []), node]);
  const seen = new Set(to);
  const queue = [...to];
  for (let at = queue.shift(); at !== undefined; at = queue.shift()) {
    for (const node of before.get(at) ?? []) {
      if (seen.has(node)) continue;
      seen.add(node);
      queue.push(node);
    }
  }
  return seen;
}
