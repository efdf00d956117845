/**
 * All that a component has and was told: what its sandbox is made of, what its start message says, who shares it. Two systems in
 * which that is the same text are the same to the component. Pure.
 */
import {
  type Channel,
  type Component,
  canonicalJson,
  type InstalledRelease,
  type Json,
  type Provisioning,
  type System,
} from "@bulkhead/protocol";
import { isCoreServer, startConfig } from "../compartment/index.ts";
import type { GenerationRecord, Installed } from "../generations/index.ts";
import { linkOf } from "../network/index.ts";
import { membersOf } from "../trust-groups/index.ts";

/** A release as it runs on this device. */
export type Running = {
  readonly release: InstalledRelease;
  readonly installed: Pick<Installed, "digest" | "generation">;
};

/** What stays the same on the device from one generation to the next. */
export type Site = {
  readonly instance: string;
  readonly board: string;
  readonly provisioning: Provisioning;
  readonly floors: Pick<GenerationRecord, "releaseCounterFloor" | "securityEpochFloor">;
};

/** Undefined where `system` has no such component. Throws NETWORK_SETUP_FAILED for a permission that the device cannot fill. */
export function footprintOf(name: string, running: Running, site: Site): string | undefined {
  const { system } = running.release;
  const component = system.components[name];
  if (component === undefined) return undefined;
  return canonicalJson({
    members: membersOf(system, name).map((member) => memberOf(member, system)),
    told: told(component, running, site) as Json,
    link: (linkOf(system, site.provisioning, name) ?? null) as Json,
    // The runtime keeps itself, and with it what names no cores of its own, to these.
    cores: system.housekeepingCores,
    requireFullLevel: system.policy.requireFullLevel,
    ...passing(name, component, running),
  });
}

function memberOf(name: string, { components, channels }: System): Json {
  const isOwn = ({ client, provider, inspect }: Channel) =>
    client === name || provider === name || (inspect && name === "message-server");
  return [name, components[name], channels.filter(isOwn)] as unknown as Json;
}

function told(component: Component, { release, installed }: Running, site: Site): unknown {
  const { releaseCounterFloor: releaseCounter, securityEpochFloor: securityEpoch } = site.floors;
  const floors = { releaseCounter, securityEpoch };
  const config = startConfig(component, { ...site, release, installed, floors });
  // A clock server that goes on is told of it when the other release takes over.
  return "core" in component.image && component.image.core === "clock-server"
    ? { ...(config as object), builtAtMs: 0 }
    : config;
}

/**
 * Storage that does not outlive an update is another, empty one in each generation; so is what the scheduler server, which reports how
 * full it is, sees of it.
 */
function passing(name: string, component: Component, { release: { system }, installed }: Running): object {
  const passes = ({ storage }: Component) => storage.quotaBytes > 0 && !storage.keep;
  const sees =
    name === "scheduler-server" && isCoreServer(name, component) && Object.values(system.components).some(passes);
  return passes(component) || sees ? { generation: installed.generation } : {};
}
