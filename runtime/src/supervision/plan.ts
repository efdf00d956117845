/** What supervision needs to know of a system, in the form in which it asks. */
import type { Component, Role, System } from "@bulkhead/protocol";

/** When all ends, the application goes before what serves it: nothing is cut off from its driver or its log. */
const stopLayers: Readonly<Record<Role, number>> = { application: 0, driver: 1, agent: 2, core: 3 };

export type SupervisedComponent = {
  readonly role: Role;
  /** At the end of all, lower layers go first. Never below that of a strong dependent, so that the two orders agree. */
  readonly stopLayer: number;
  readonly restart: Component["restart"];
  readonly heartbeat: Component["heartbeat"];
  readonly readyMs: number;
  readonly stopMs: number;
  /** A second process stands by. */
  readonly spare: boolean;
  /** Components that must be ready while this one runs. */
  readonly strongProviders: readonly string[];
  readonly strongDependents: readonly string[];
  /** Every channel that this one provides, strong and weak: `name` is the client's name for it. */
  readonly clients: readonly { readonly client: string; readonly name: string }[];
  readonly uses: readonly { readonly provider: string; readonly name: string }[];
};

export type SupervisionPlan = {
  /** A provider stands before those that depend on it strongly. */
  readonly order: readonly string[];
  readonly components: Readonly<Record<string, SupervisedComponent>>;
};

/** Reads the supervision plan out of a system. */
export function planSupervision(system: System): SupervisionPlan {
  const strong = system.channels.filter((channel) => channel.dependency === "strong");
  const components: Record<string, SupervisedComponent> = {};
  // Dependents come first this way, and a provider's layer is made from theirs.
  for (const name of system.startOrder.toReversed()) {
    const component = system.components[name];
    if (!component) continue;
    const { role, restart, heartbeat, readyMs, stopMs, spare } = component;
    const strongDependents = unique(strong.filter(({ provider }) => provider === name).map(({ client }) => client));
    components[name] = {
      ...{ role, restart, heartbeat, readyMs, stopMs, spare, strongDependents },
      stopLayer: Math.max(stopLayers[role], ...strongDependents.map((other) => components[other]?.stopLayer ?? 0)),
      strongProviders: unique(strong.filter(({ client }) => client === name).map(({ provider }) => provider)),
      clients: system.channels.filter(({ provider }) => provider === name),
      uses: system.channels.filter(({ client }) => client === name),
    };
  }
  return { order: system.startOrder.filter((name) => name in components), components };
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)];
}

/** What safe mode leaves running: enough to look at the device, to log, and to update it. */
export function isEssential({ role }: SupervisedComponent): boolean {
  return role === "core" || role === "agent";
}
