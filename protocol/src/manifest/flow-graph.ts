/**
 * Where information can flow. Nodes are components, channels and resources; a call carries arguments one way and
 * results the other, so a channel is an edge in both directions, and so is a network.
 *
 * Core servers and drivers are trusted to keep their clients apart (each client has a channel and a grant of its own):
 * information reaches them and comes from them, but none passes through one from client to client. A driver passes it on
 * to what the grant names: two channels meet in the pin or the I2C device that both may touch. Applications are trusted
 * with nothing: whatever reaches one reaches all that it has.
 */
import type { Channel } from "../system.ts";
import type { Plan } from "./plan.ts";

export type FlowGraph = {
  readonly edges: ReadonlyMap<string, ReadonlySet<string>>;
  /** Nodes through which nothing passes: components that keep their clients apart. */
  readonly ends: ReadonlySet<string>;
};

export const componentNode = (name: string): string => name;
export const channelNode = (client: string, name: string): string => `${client}.${name}`;
export const networkNode = "network";
export const proxyNode = (proxy: string): string => `network:${proxy}`;

export const secretNode = (secret: string): string => `secret:${secret}`;
const groupNode = (group: string): string => `trust-group:${group}`;

/** Nodes that an author means by `name`: itself, a device's parts `name/…`, a pin `…/name`, channels `….name`, a proxy, a secret. */
export function nodesNamed({ edges }: FlowGraph, name: string): string[] {
  const nodes = [...edges.keys()];
  const exact = nodes.filter((node) => node === name || node.startsWith(`${name}/`));
  if (exact.length > 0) return exact;
  const prefixed = [proxyNode(name), secretNode(name)];
  return nodes.filter((node) => prefixed.includes(node) || node.endsWith(`.${name}`) || node.endsWith(`/${name}`));
}

/** The flow graph of a plan. */
export function flowGraph(plan: Plan): FlowGraph {
  const edges = new Map<string, Set<string>>();
  const connect = (from: string, to: string): void => {
    edges.set(from, (edges.get(from) ?? new Set()).add(to));
    if (!edges.has(to)) edges.set(to, new Set());
  };
  const both = (a: string, b: string): void => {
    connect(a, b);
    connect(b, a);
  };
  const ends = new Set<string>();
  for (const [name, component] of Object.entries(plan.components)) {
    if (component.role === "core" || component.role === "driver") ends.add(name);
    // Named although nobody uses it: an assertion about it holds, and is not a mistake.
    for (const node of [name, ...component.devices.map((device) => `${device}/`)]) edges.set(node, new Set());
  }
  for (const [name, { network, secrets, trustGroup }] of Object.entries(plan.components)) {
    // A holder reads its secret and cannot write it.
    for (const secret of secrets) connect(secretNode(secret), componentNode(name));
    // Who shares a process has no secrets from each other.
    if (trustGroup !== null) both(name, groupNode(trustGroup));
    for (const proxy of network) {
      both(name, proxyNode(proxy));
      both(proxyNode(proxy), networkNode);
    }
  }
  for (const channel of plan.channels) connectChannel(channel, plan, connect, both);
  return { edges, ends };
}

type Connect = (from: string, to: string) => void;

function connectChannel(channel: Channel, plan: Plan, connect: Connect, both: Connect): void {
  const node = channelNode(channel.client, channel.name);
  both(componentNode(channel.client), node);
  both(node, componentNode(channel.provider));
  // What is published leaves the device by the agent.
  if (channel.provider === "serial-server" && channel.interface === "samples") connect(node, proxyNode("kms"));
  if (plan.components[channel.provider]?.role !== "driver") return;
  for (const resource of resourcesOf(channel)) {
    // An input tells its reader something and hears nothing.
    if (channel.grant["direction"] === "in") connect(resource, node);
    else both(node, resource);
    // What a simulated driver does to a pin or a device it does to its plant.
    for (const below of plan.channels.filter(({ client }) => client === channel.provider)) {
      if (plan.components[below.provider]?.role === "application") both(resource, componentNode(below.provider));
    }
  }
}

function resourcesOf(channel: Channel): string[] {
  const { pin, pins, bus, address, port } = channel.grant;
  if (typeof pin === "string") return [`gpio/${pin}`];
  if (Array.isArray(pins)) return pins.map((each) => `gpio/${each}`);
  if (typeof port === "string") return [`${port}/`];
  if (typeof bus === "number" && typeof address === "number") return [`i2c-${bus}/0x${address.toString(16)}`];
  return [`${channel.provider}/`];
}

/** A shortest way from one of `from` to one of `to` that meets none of `without`; undefined where there is none. */
export function findFlow(
  { edges, ends }: FlowGraph,
  from: readonly string[],
  to: readonly string[],
  without: readonly string[],
): string[] | undefined {
  const cameFrom = new Map<string, string | undefined>(from.map((node) => [node, undefined]));
  const queue = [...from];
  for (let at = queue.shift(); at !== undefined; at = queue.shift()) {
    if (to.includes(at)) return wayBack(at, cameFrom);
    if (ends.has(at) && !from.includes(at)) continue;
    for (const next of edges.get(at) ?? []) {
      if (cameFrom.has(next) || without.includes(next)) continue;
      cameFrom.set(next, at);
      queue.push(next);
    }
  }
  return undefined;
}

/** All nodes that information of `from` can get to. */
export function reachableFrom({ edges, ends }: FlowGraph, from: readonly string[]): Set<string> {
  const seen = new Set(from);
  const queue = [...from];
  for (let at = queue.shift(); at !== undefined; at = queue.shift()) {
    if (ends.has(at) && !from.includes(at)) continue;
    for (const next of edges.get(at) ?? []) {
      if (seen.has(next)) continue;
      seen.add(next);
      queue.push(next);
    }
  }
  return seen;
}

/** Names that an author can use for what there is in the graph, nodes of the runtime's own making left out. */
export function flowNames({ edges }: FlowGraph): string[] {
  const names = [...edges.keys()].map((node) => node.replace(/^(network|secret):/, "").replace(/\/$/, ""));
  return [...new Set(names.filter((name) => !name.startsWith("trust-group:")))];
}

function wayBack(end: string, cameFrom: ReadonlyMap<string, string | undefined>): string[] {
  const way: string[] = [];
  for (let at: string | undefined = end; at !== undefined; at = cameFrom.get(at)) way.unshift(at);
  return way;
}
