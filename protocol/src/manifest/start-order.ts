/** The order of start: providers before those that strongly depend on them, else as written. */
import type { Channel } from "../system.ts";

/**
 * A stable topological order of `names` by the strong edges of `channels` (Kahn's algorithm, always taking the first
 * that is free). Members of a circle stand at the end as written; a rule of its own refuses them.
 */
export function startOrder(names: readonly string[], channels: readonly Channel[]): string[] {
  const waitsFor = new Map(names.map((name) => [name, new Set<string>()]));
  for (const { client, provider, dependency } of channels) {
    if (dependency === "strong") waitsFor.get(client)?.add(provider);
  }
  const order: string[] = [];
  let rest = [...names];
  while (rest.length > 0) {
    const next = rest.find((name) => [...(waitsFor.get(name) ?? [])].every((provider) => order.includes(provider)));
    if (next === undefined) return [...order, ...rest];
    order.push(next);
    rest = rest.filter((name) => name !== next);
  }
  return order;
}
