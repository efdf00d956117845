/** The first message to a component: who it is, its channels, its configuration. */
import type { InstalledRelease, ToComponent } from "@bulkhead/protocol";
import type { Device } from "../device/index.ts";
import type { GenerationRecord, Installed } from "../generations/index.ts";
import { componentOf } from "./launch.ts";
import { startConfig } from "./start-config.ts";

type Greeting = Omit<ToComponent["start"], "trace">;

export type GreetingFacts = {
  readonly release: InstalledRelease;
  readonly installed: Installed;
  readonly pinnedArtifacts?: readonly string[] | undefined;
  readonly record: GenerationRecord;
  /** Incarnations that components had before this generation. */
  readonly before: Readonly<Record<string, number>>;
  readonly device: Device;
};

export function greeting(
  name: string,
  incarnation: number,
  { release, installed, pinnedArtifacts, record, before, device: { config, provisioning, slots } }: GreetingFacts,
): Greeting {
  const { system } = release;
  const component = componentOf(system, name);
  const floors = { releaseCounter: record.releaseCounterFloor, securityEpoch: record.securityEpochFloor };
  const firstIncarnation = 1 + (before[name] ?? 0);
  return {
    protocol: 1,
    component: name,
    role: component.role,
    incarnation,
    generation: installed.generation,
    uses: system.channels.filter(({ client }) => client === name),
    provides: system.channels.filter(({ provider }) => provider === name),
    heartbeatMs: component.heartbeat.periodMs,
    ...(component.callMs !== undefined && { callMs: component.callMs }),
    config: startConfig(component, {
      ...{ ...config, provisioning, release, installed, pinnedArtifacts, floors, firstIncarnation },
      slots: slots ? { base: slots.running.base } : undefined,
    }),
  };
}
