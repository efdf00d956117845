/** What a component is told at its start beyond its channels: its manifest's configuration, and what only we know. */
import { type Component, commandChannelPort, type InstalledRelease, type Provisioning } from "@bulkhead/protocol";
import type { Installed } from "../generations/index.ts";

type Config = Component["config"];
type Facts = {
  readonly instance: string;
  readonly board: string;
  readonly provisioning: Provisioning;
  readonly release: InstalledRelease;
  readonly installed: Pick<Installed, "digest" | "generation">;
  /** Artifacts that are installed beside those of `release`. */
  readonly pinnedArtifacts?: readonly string[] | undefined;
  /** Of the incarnations of a component the first that its generation has; 1 where nothing is said. */
  readonly firstIncarnation?: number;
  readonly slots?: { readonly base: string | undefined } | undefined;
  readonly floors: { readonly releaseCounter: number; readonly securityEpoch: number };
};

/** The configuration of a component. Core servers get theirs from here alone. */
export function startConfig(component: Component, facts: Facts): Config {
  if ("core" in component.image) return toJson(coreConfig(component.image.core, facts));
  if (component.network.length === 0) return component.config;
  const own = isObject(component.config) ? component.config : {};
  return toJson({ ...own, network: proxies(component.network, facts.provisioning) });
}

function coreConfig(core: string, facts: Facts): unknown {
  const { provisioning, release, installed } = facts;
  const { system } = release;
  switch (core) {
    case "message-server":
      return { inspected: system.channels.filter(({ inspect }) => inspect) };
    case "serial-server":
      return { components: system.startOrder, rings: ringsOf(system.components), portSpeed: portSpeedOf(system) };
    case "scheduler-server":
      return { instance: facts.instance, components: declared(system.components), usage: ownPlaces(system.components) };
    case "clock-server":
      return { trustsHost: facts.board === "virtual", builtAtMs: release.builtAtMs };
    case "verifier":
      return verifierConfig(facts);
    case "network":
      return { provisioning };
    case "kms-agent":
      return {
        provisioning,
        release: {
          digest: installed.digest,
          name: release.name,
          version: release.version,
          releaseCounter: release.releaseCounter,
        },
        address: provisioning.kms.address,
        port: commandChannelPort,
        sleep: system.sleep,
        firstIncarnation: facts.firstIncarnation ?? 1,
        store: system.store,
      };
    default:
      return {};
  }
}

/** It lives as long as its generation, so the running release counts as the current one, on trial or not. */
function verifierConfig({ provisioning, board, release, installed, pinnedArtifacts, floors, slots }: Facts): unknown {
  const own = release.artifacts.map(({ digest }) => digest);
  return {
    provisioning,
    board,
    currentReleaseDigest: release.overlay?.base ?? installed.digest,
    currentOverlay: release.overlay && { ...release.overlay, effectiveDigest: installed.digest },
    releaseCounterFloor: Math.max(floors.releaseCounter, release.releaseCounter),
    currentReleaseBuiltAtMs: release.builtAtMs,
    securityEpoch: Math.max(floors.securityEpoch, release.securityEpoch),
    installedArtifacts: [...new Set([...own, ...(pinnedArtifacts ?? [])])],
    slots,
    unsignedCommands: release.system.policy.unsignedCommands,
    components: Object.keys(release.system.components),
  };
}

function ownPlaces(components: InstalledRelease["system"]["components"]): unknown {
  return Object.fromEntries(
    Object.entries(components).map(([name, { storage, trace }]) => [
      name,
      { quotaBytes: storage.quotaBytes, ringBytes: trace.ringBytes },
    ]),
  );
}

/** Of the console's port, which the serial server reaches by a channel like any client. */
function portSpeedOf({ channels }: InstalledRelease["system"]): unknown {
  const port = channels.find((channel) => channel.client === "serial-server" && channel.interface === "serial-port");
  return port?.grant["speed"] ?? null;
}

function ringsOf(components: InstalledRelease["system"]["components"]): unknown {
  const rings = Object.entries(components).map(([name, { trace }]) => [name, trace.ringBytes] as const);
  return Object.fromEntries(rings.filter(([, ringBytes]) => ringBytes > 0));
}

function declared(components: InstalledRelease["system"]["components"]): unknown {
  return Object.fromEntries(
    Object.entries(components).map(([name, { cpu, memoryBytes, processes, openFiles, spare }]) => [
      name,
      { cpu, memoryBytes, processes, openFiles, spare },
    ]),
  );
}

/** Where each permitted proxy is: `{ mqtt: { host, port } }`. One that this KMS does not have is left out. */
function proxies(names: readonly string[], { kms }: Provisioning): Record<string, { host: string; port: number }> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const port = name === "kms" ? commandChannelPort : kms.proxies[name];
      return port === undefined ? [] : [[name, { host: kms.address, port }]];
    }),
  );
}

function isObject(config: Config): config is { [key: string]: Config } {
  return typeof config === "object" && config !== null && !Array.isArray(config);
}

// Undefined members fall away here, so that what is sent is JSON and nothing else.
function toJson(value: unknown): Config {
  return JSON.parse(JSON.stringify(value));
}
