/**
 * From the network plan of one generation to that of the next while components go on: a link that both have alike stays, with all
 * connections over it, and the router's rules are replaced as a whole. Pure.
 */
import { canonicalJson, type Provisioning, type System } from "@bulkhead/protocol";
import { routerRules } from "./firewall.ts";
import { type Link, planLinks } from "./links.ts";
import { batch, componentEnd, componentNamespace, type NetworkStep, ownNetworks, routerEnd } from "./plan.ts";

export type NetworkChange = {
  /** Before anything: takes away the links that are not there any more. */
  readonly clearing: readonly NetworkStep[];
  /** To be deleted then; some are made anew. */
  readonly leaving: readonly string[];
  readonly coming: readonly string[];
  /** At the end: the rules, then the new links. Forwarding stays as it is: what no rule names is dropped throughout. */
  readonly steps: readonly NetworkStep[];
};

/** Throws NETWORK_SETUP_FAILED as `planNetwork` does. */
export function planNetworkChange(before: System, after: System, provisioning: Provisioning): NetworkChange {
  const [was, is] = [before, after].map((system) => planLinks(system, provisioning));
  const stays = new Set(
    ownNetworks(after).filter((name) => ofNamespace(before, was, name) === ofNamespace(after, is, name)),
  );
  const changed = (links: readonly Link[] = []) =>
    links.filter((link) => !stays.has(componentNamespace(link.component)));
  return {
    clearing: changed(was).map(({ routerInterface }): NetworkStep => {
      return { namespace: "router", program: "ip", input: batch([`link delete ${routerInterface}`]), mayFail: true };
    }),
    leaving: ownNetworks(before).filter((name) => !stays.has(name)),
    coming: ownNetworks(after).filter((name) => !stays.has(name)),
    steps: [
      { namespace: "router", program: "nft", input: routerRules(is ?? [], provisioning) },
      ...linkSteps(changed(is)),
    ],
  };
}

function linkSteps(links: readonly Link[]): NetworkStep[] {
  if (links.length === 0) return [];
  return [
    { namespace: "router", program: "ip", input: batch(links.flatMap(routerEnd)) },
    ...links.map((link): NetworkStep => {
      return { namespace: componentNamespace(link.component), program: "ip", input: batch(componentEnd(link)) };
    }),
  ];
}

/** All that a namespace is made from; undefined where there is none. What may be reached by a link is the rules' business. */
function ofNamespace({ components }: System, links: readonly Link[] = [], namespace: string): string | undefined {
  const [name, component] = Object.entries(components).find(([other]) => componentNamespace(other) === namespace) ?? [];
  if (name === undefined || component === undefined) return undefined;
  const { routerInterface = null, address = null } = links.find((link) => link.component === name) ?? {};
  return canonicalJson({ routerInterface, address, interfaces: component.interfaces ?? {} });
}
