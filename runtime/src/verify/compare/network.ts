/** The network of each namespace, compared with the network plan of the system. */
import type { Provisioning } from "@bulkhead/protocol";
import { tunnelInterface } from "../../network/firewall.ts";
import { type Link, routerAddress } from "../../network/links.ts";
import { routerOnLink } from "../../network/plan.ts";
import type { NetworkFacts } from "../facts.ts";
import { compareSets, type Found } from "../question.ts";

/** `fresh`: what the kernel puts into every new namespace: a loopback, and where tunnel modules are loaded theirs. */
export function compareNamespace(
  where: string,
  planned: NetworkFacts,
  fresh: NetworkFacts,
  found: NetworkFacts,
): Found[] {
  const kinds = ["interfaces", "addresses", "routes"] as const;
  return kinds.flatMap((kind) => {
    // What every namespace has may be missing: nothing is reached by that.
    const usual = [...fresh[kind], ...loopback[kind]].filter((item) => found[kind].includes(item));
    return compareSets(`${kind} of ${where}`, [...planned[kind], ...usual], found[kind]);
  });
}

/** A sandbox's own namespace has nothing but the loopback. */
export const plannedNothing: NetworkFacts = { interfaces: [], addresses: [], routes: [] };

/** Reaches nobody else, up or down. */
const loopback: NetworkFacts = { interfaces: ["lo"], addresses: ["::1/128 lo", "127.0.0.1/32 lo"], routes: [] };

/** An address as RFC 5952 writes it; so does what is read. */
const canonical = (address: string): string => new URL(`http://[${address}]`).hostname.slice(1, -1);

/** A networked component's end. */
export function plannedComponent(link: Link): NetworkFacts {
  const address = canonical(link.address);
  return {
    interfaces: ["eth0"],
    addresses: [`${address}/128 eth0`],
    routes: [`${address}/128 dev eth0`, `::/0 via ${routerOnLink} dev eth0`],
  };
}

/** The router's. A tunnel that is not up takes nothing away from anybody's isolation, so it may be missing. */
export function plannedRouter(links: readonly Link[], provisioning: Provisioning, hasTunnel: boolean): NetworkFacts {
  const own = canonical(routerAddress(provisioning));
  return {
    interfaces: [...links.map((link) => link.routerInterface), ...(hasTunnel ? [tunnelInterface] : [])],
    addresses: [
      ...links.map((link) => `${routerOnLink}/64 ${link.routerInterface}`),
      ...(hasTunnel ? [`${own}/128 ${tunnelInterface}`] : []),
    ],
    routes: [
      ...links.flatMap((link) => [
        `fe80::/64 dev ${link.routerInterface}`,
        `${canonical(link.address)}/128 dev ${link.routerInterface}`,
      ]),
      ...(hasTunnel
        ? [`${own}/128 dev ${tunnelInterface}`, `${canonical(provisioning.kms.address)}/128 dev ${tunnelInterface}`]
        : []),
    ],
  };
}

/** Rule sets as `nft -s list ruleset` prints them, line by line. */
export function compareRules(where: string, expected: string, found: string): Found[] {
  const lines = (text: string) =>
    text
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== "");
  const [wanted, seen] = [lines(expected), lines(found)];
  const what = `packet filter rules of ${where}`;
  const differences = compareSets(what, wanted, seen);
  if (differences.length > 0 || wanted.join("\n") === seen.join("\n")) return differences;
  return [{ what, expected: "the rules in their order", found: "another order" }];
}
