/** Compares the network of the board with the network plan: interfaces, addresses, routes and rules of each namespace. */
import { routerRules, tunnelInterface, uplinkRules } from "../network/firewall.ts";
import { planLinks } from "../network/links.ts";
import { namespacePath } from "../network/namespaces.ts";
import { componentNamespace } from "../network/plan.ts";
import { compareNamespace, compareRules, plannedComponent, plannedRouter } from "./compare/network.ts";
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
  const ofComponents = links.map(async (link): Promise<Owned[]> => {
    const where = inside(namespacePath(componentNamespace(link.component)));
    const [network, rules] = await Promise.all([readNetworkOf(where), readRules(where)]);
    const found = [
      ...compareNamespace("its network namespace", plannedComponent(link), usual, network),
      ...compareRules("its network namespace", "", rules),
    ];
    return found.map((one) => ({ component: link.component, ...one }));
  });
  return [...ofBoard.map((one) => ({ component: "board", ...one })), ...(await Promise.all(ofComponents)).flat()];
}
