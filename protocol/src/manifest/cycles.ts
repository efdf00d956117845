/** Finds circles among components, by who uses whom. */
import type { Channel } from "../system.ts";

/**
 * One circle for each group of components that can reach each other, as the channels along it in order. A component
 * that uses itself is a circle of one.
 */
export function findCycles(channels: readonly Channel[]): Channel[][] {
  const next = new Map<string, Channel[]>();
  for (const channel of channels) next.set(channel.client, [...(next.get(channel.client) ?? []), channel]);
  const cycles: Channel[][] = [];
  const done = new Set<string>();
  for (const start of next.keys()) {
    if (done.has(start)) continue;
    const cycle = shortestWay(start, next);
    if (cycle === undefined) continue;
    for (const { client } of cycle) done.add(client);
    cycles.push(cycle);
  }
  return cycles;
}

// Breadth first, so the circle shown is the shortest through its first component.
function shortestWay(start: string, next: ReadonlyMap<string, readonly Channel[]>): Channel[] | undefined {
  const cameBy = new Map<string, Channel>();
  const queue = [start];
  for (let at = queue.shift(); at !== undefined; at = queue.shift()) {
    for (const channel of next.get(at) ?? []) {
      if (channel.provider === start) return [...wayTo(at, start, cameBy), channel];
      if (cameBy.has(channel.provider)) continue;
      cameBy.set(channel.provider, channel);
      queue.push(channel.provider);
    }
  }
  return undefined;
}

function wayTo(end: string, start: string, cameBy: ReadonlyMap<string, Channel>): Channel[] {
  const way: Channel[] = [];
  for (let at = end; at !== start; ) {
    const channel = cameBy.get(at);
    if (channel === undefined) break;
    way.unshift(channel);
    at = channel.client;
  }
  return way;
}

/** `a → b → a`. */
export function describeCycle(cycle: readonly Channel[]): string {
  return [...cycle.map(({ client }) => client), cycle[0]?.client ?? ""].join(" → ");
}
