/** Compares the network of the board with the network plan: interfaces, addresses, routes and rules of each namespace. */
import { routerRules, tunnelInterface, uplinkRules } from "../network/firewall.ts";
import { type Link, planLinks } from "../network/links.ts";
import { namespacePath } from "../network/namespaces.ts";
import { componentNamespace, hasOwnNetwork } from "../network/plan.ts";
import { compareNamespace, compareRules, plannedComponent, plannedNothing, plannedRouter } from "./compare/network.ts";
import type { NetworkFacts } from "./facts.ts";
import type { Found, Question } from "./question.ts";
import { fresh, here, inside, readNetworkOf, readRules, showRules } from "./read/namespaces.ts";

type Owned = Found & { readonly component: string };

/** What a namespace has that nothing was done to. */
export const readFresh = (): Promise<NetworkFacts> => readNetworkOf(fresh);

export async function compareBoard({ system, provisioning, uplink }: Question, usual: NetworkFacts): Promise<Owned[]> {
  const links = planLinks(system, provisioning);
  const router = inside(namespacePath("router"));
  // Both replace the same table, so one namespace shows them one after the other.
  const [uplinkShown = "", routerShown = ""] = await showRules([uplinkRules(uplink), routerRules(links, provisioning)]);
  const [uplinkSeen, routerSeen, routerNetwork] = await Promise.all([
    readRules(here),
    readRules(router),
    readNetworkOf(router),
  ]);
  const hasTunnel = routerNetwork.interfaces.includes(tunnelInterface);
  const planned = plannedRouter(links, provisioning, hasTunnel);
  const ofBoard = [
    ...compareRules("the uplink", uplinkShown, uplinkSeen),
    ...compareRules("the router", routerShown, routerSeen),
    ...compareNamespace("the router", planned, usual, routerNetwork),
  ];
  const owners = Object.entries(system.components).filter(([, component]) => hasOwnNetwork(component));
  const ofComponents = owners.map(async ([name, { interfaces = {} }]): Promise<Owned[]> => {
    const where = inside(namespacePath(componentNamespace(name)));
    const [network, rules] = await Promise.all([readNetworkOf(where), readRules(where)]);
    const link = links.find(({ component }) => component === name);
    // An interface that is not plugged in takes nothing away from anybody.
    const present = Object.keys(interfaces).filter((device) => network.interfaces.includes(device));
    const found = [
      ...compareNamespace("its network namespace", withInterfaces(plannedOf(link), present), usual, network),
      ...compareRules("its network namespace", "", rules),
    ];
    return found.map((one) => ({ component: name, ...one }));
  });
  return [...ofBoard.map((one) => ({ component: "board", ...one })), ...(await Promise.all(ofComponents)).flat()];
}

const plannedOf = (link: Link | undefined): NetworkFacts =>
  link === undefined ? plannedNothing : plannedComponent(link);

/** A CAN interface has neither address nor route. */
function withInterfaces(planned: NetworkFacts, names: readonly string[]): NetworkFacts {
  return { ...planned, interfaces: [...planned.interfaces, ...names] };
}
