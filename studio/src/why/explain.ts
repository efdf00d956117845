/** Puts a way of information into words: what lets it go on at each step. Pure. */
import type { Channel } from "@bulkhead/protocol";
import type { Plan } from "@bulkhead/protocol/manifest";

export type Step = {
  readonly from: string;
  readonly to: string;
  /** The permission that lets information take this step. */
  readonly by: string;
};

/** The steps of a way. A channel between two components is one step, not two. */
export function explainWay(plan: Plan, nodes: readonly string[]): Step[] {
  const channels = new Map(plan.channels.map((channel) => [`${channel.client}.${channel.name}`, channel]));
  const steps: Step[] = [];
  for (let index = 1; index < nodes.length; index++) {
    const [from = "", over = "", to] = [nodes[index - 1], nodes[index], nodes[index + 1]];
    const channel = channels.get(over);
    if (channel !== undefined && to !== undefined) {
      steps.push({ from, to, by: describeChannel(channel, from, to) });
      index += 1;
    } else steps.push({ from, to: over, by: describeStep(channels, from, over) });
  }
  return steps;
}

/** `a node` for people: without the prefix that tells kinds apart inside the graph. */
export const nodeTitle = (node: string): string =>
  node
    .replace(/^network:(.+)$/, "proxy $1")
    .replace(/^secret:(.+)$/, "secret $1")
    .replace(/^trust-group:(.+)$/, "trust group $1");

function describeChannel(channel: Channel, from: string, to: string): string {
  const what = to === channel.client ? "answers of" : from === channel.client ? "calls of" : "grant of";
  return `${what} ${termsOf(channel)}`;
}

/** `climate.fan: gpio.line { direction: out, pin: P9_12 }`, with all that bounds it. */
export function termsOf({ client, name, ...channel }: Channel): string {
  const grant = Object.entries(channel.grant).map(([key, value]) => `${key}: ${shown(key, value)}`);
  const marks = [
    ...(channel.dependency === "weak" ? ["weak"] : []),
    ...(channel.operations === null ? [] : [`only ${channel.operations.join(", ")}`]),
    ...(channel.inspect ? ["inspected"] : []),
    ...(channel.ratePerSecond === null ? [] : [`${channel.ratePerSecond}/s`]),
    ...(channel.leaseBytes === 0 ? [] : [`lease of ${channel.leaseBytes} bytes`]),
  ];
  const limits = grant.length > 0 ? ` { ${grant.join(", ")} }` : "";
  return `${client}.${name}: ${channel.provider}.${channel.service}${limits}${marks.length > 0 ? ` (${marks.join("; ")})` : ""}`;
}

function shown(key: string, value: unknown): string {
  if (key === "address" && typeof value === "number") return `0x${value.toString(16)}`;
  return typeof value === "string" ? value : JSON.stringify(value);
}

function describeStep(channels: ReadonlyMap<string, Channel>, from: string, to: string): string {
  const channel = channels.get(from) ?? channels.get(to);
  if (channel !== undefined) return `the channel ${termsOf(channel)}`;
  const [proxy] = [from, to].filter((node) => node.startsWith("network:"));
  if (proxy !== undefined) {
    // `network` is the world outside here, not the core server of that name.
    const component = [from, to].find((node) => node !== proxy && node !== "network");
    const name = proxy.slice("network:".length);
    return component === undefined ? "a proxy of the management service" : `${component} has network: [${name}]`;
  }
  if (from.startsWith("secret:")) return `${to} has secrets: [${from.slice("secret:".length)}]`;
  if ([from, to].some((node) => node.startsWith("trust-group:"))) return "they share one process";
  return "what the driver does there, it does to its plant";
}
