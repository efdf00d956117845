/** What the picture of a system shows: boxes and arrows, before they have places. Pure. */
import type { Channel, Role } from "@bulkhead/protocol";
import { formatSize, type Plan, type PlannedComponent } from "@bulkhead/protocol/manifest";

export type NodeKind = Role | "device" | "network" | "secret";
export type GraphNode = {
  readonly id: string;
  readonly kind: NodeKind;
  readonly title: string;
  /** Smaller lines below the title. */
  readonly details: readonly string[];
};
export type GraphEdge = {
  readonly from: string;
  readonly to: string;
  readonly label: string;
  readonly style: "strong" | "weak" | "resource";
};
export type GraphModel = {
  readonly title: string;
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
};

/** A service of the core that so many use is written into their boxes: that many arrows to one box hide all others. */
const crowd = 4;

/** The model of a plan. An arrow goes from who uses to what is used; two channels between the same two are two arrows. */
export function graphModel(plan: Plan): GraphModel {
  const components = Object.entries(plan.components);
  const common = commonServices(plan);
  const drawn = plan.channels.filter((channel) => !common.has(serviceOf(channel)));
  return {
    title: `${plan.system} ${plan.version} on ${plan.board}`,
    nodes: [
      ...components.map(([name, component]) => componentNode(plan, name, component, common)),
      ...resourceNodes(components, "devices", "device", () => "device"),
      ...resourceNodes(components, "network", "network", (proxy) =>
        proxy === "kms" ? "management service" : "proxy of the KMS",
      ),
      ...resourceNodes(components, "secrets", "secret", () => "secret"),
    ],
    edges: [...drawn.map(channelEdge), ...components.flatMap(([name, component]) => resourceEdges(name, component))],
  };
}

const serviceOf = ({ provider, service }: Channel): string => `${provider}.${service}`;

function commonServices(plan: Plan): Set<string> {
  const counts = new Map<string, number>();
  for (const channel of plan.channels.filter(({ provider }) => plan.components[provider]?.role === "core"))
    counts.set(serviceOf(channel), (counts.get(serviceOf(channel)) ?? 0) + 1);
  return new Set([...counts].filter(([, count]) => count >= crowd).map(([service]) => service));
}

function componentNode(plan: Plan, name: string, component: PlannedComponent, common: ReadonlySet<string>): GraphNode {
  const { image, runner, trustGroup, role } = component;
  const what = "core" in image ? "core server" : image.source;
  const marks = [
    ...(runner === "node" ? [] : [runner]),
    ...(trustGroup === null ? [] : [`group ${trustGroup}`]),
    ...(component.spare ? ["spare"] : []),
  ];
  const uses = plan.channels.filter((channel) => channel.client === name && common.has(serviceOf(channel)));
  const offered = [...common].filter((service) => service.startsWith(`${name}.`));
  return {
    id: name,
    kind: role,
    title: name,
    details: [
      [what, ...marks].join(" · "),
      ...uses.map((channel) => `uses ${serviceOf(channel)}`),
      ...offered.map((service) => {
        const users = plan.channels.filter((channel) => serviceOf(channel) === service).length;
        return `${service.slice(name.length + 1)}: ${users} users`;
      }),
    ],
  };
}

type ResourceKey = "devices" | "network" | "secrets";

function resourceNodes(
  components: readonly (readonly [string, PlannedComponent])[],
  key: ResourceKey,
  kind: NodeKind,
  detail: (name: string) => string,
): GraphNode[] {
  const names = new Set(components.flatMap(([, component]) => component[key]));
  return [...names].map((name) => ({ id: `${kind}:${name}`, kind, title: name, details: [detail(name)] }));
}

function channelEdge(channel: Channel): GraphEdge {
  const { client, name, provider, service, dependency } = channel;
  const terms = [
    name === service ? name : `${name} (${service})`,
    ...(channel.inspect ? ["inspected"] : []),
    ...(channel.ratePerSecond === null ? [] : [`${channel.ratePerSecond}/s`]),
    ...(channel.leaseBytes === 0 ? [] : [`lease ${formatSize(channel.leaseBytes)}`]),
  ];
  return { from: client, to: provider, label: terms.join(" · "), style: dependency };
}

function resourceEdges(name: string, component: PlannedComponent): GraphEdge[] {
  const targets = [
    ...component.devices.map((device) => `device:${device}`),
    ...component.network.map((proxy) => `network:${proxy}`),
    ...component.secrets.map((secret) => `secret:${secret}`),
  ];
  return targets.map((to) => ({ from: name, to, label: "", style: "resource" }));
}
