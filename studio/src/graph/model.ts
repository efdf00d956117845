/** What the picture of a system shows: boxes and arrows, before they have places. Pure. */
import type { Role } from "@bulkhead/protocol";
import type { Plan } from "@bulkhead/protocol/manifest";

export type NodeKind = Role | "device" | "network";
export type GraphNode = {
  readonly id: string;
  readonly kind: NodeKind;
  readonly title: string;
  readonly detail: string;
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

/** The model of a plan. An arrow goes from who uses to what is used; two channels between the same two are two arrows. */
export function graphModel(plan: Plan): GraphModel {
  const components = Object.entries(plan.components);
  const nodes: GraphNode[] = components.map(([name, { role, image }]) => {
    const detail = "core" in image ? "core server" : image.source;
    return { id: name, kind: role, title: name, detail };
  });
  const devices = new Set(components.flatMap(([, { devices: claimed }]) => claimed));
  const proxies = new Set(components.flatMap(([, { network }]) => network));
  return {
    title: `${plan.system} ${plan.version} on ${plan.board}`,
    nodes: [
      ...nodes,
      ...[...devices].map(
        (device): GraphNode => ({ id: `device:${device}`, kind: "device", title: device, detail: "device" }),
      ),
      ...[...proxies].map(proxyNode),
    ],
    edges: [...channelEdges(plan), ...components.flatMap(([name, component]) => resourceEdges(name, component))],
  };
}

function proxyNode(proxy: string): GraphNode {
  const detail = proxy === "kms" ? "management service" : "proxy of the KMS";
  return { id: `network:${proxy}`, kind: "network", title: proxy, detail };
}

function channelEdges(plan: Plan): GraphEdge[] {
  return plan.channels.map(({ client, name, provider, service, dependency }) => {
    const label = name === service ? name : `${name} (${service})`;
    return { from: client, to: provider, label, style: dependency };
  });
}

function resourceEdges(name: string, component: Plan["components"][string]): GraphEdge[] {
  const targets = [
    ...component.devices.map((device) => `device:${device}`),
    ...component.network.map((proxy) => `network:${proxy}`),
  ];
  return targets.map((to) => ({ from: name, to, label: "", style: "resource" }));
}
