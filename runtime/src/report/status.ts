/** The state of the device in the words of the protocol, from what supervision, sandboxes and the record say. Pure. */
import {
  type AttachTool,
  type ComponentStatus,
  type DeviceStatus,
  type InstalledRelease,
  type System,
  statusFormat,
} from "@bulkhead/protocol";
import type { Reason } from "../processes/index.ts";
import type { HostCapabilities, Sandbox, SandboxSpec } from "../sandbox/index.ts";
import type { ComponentRecord, SupervisionState } from "../supervision/index.ts";

export type StatusFacts = {
  readonly atMs: number;
  readonly installed: { readonly digest: string; readonly generation: number };
  readonly release: InstalledRelease;
  readonly base: DeviceStatus["base"];
  readonly update: DeviceStatus["update"];
  readonly verification: DeviceStatus["verification"];
  readonly host: HostCapabilities;
  readonly gateway: DeviceStatus["gateway"];
  readonly state: SupervisionState;
  readonly sandbox: (component: string) => Pick<Sandbox, "componentPid" | "level" | "made"> | undefined;
  readonly lastReason: (component: string) => Reason | null;
  /** Who looks into it. */
  readonly attached: (component: string) => AttachTool[];
};

export function buildStatus(facts: StatusFacts): DeviceStatus {
  const { release, installed, state } = facts;
  const { system } = release;
  return {
    format: statusFormat,
    atMs: facts.atMs,
    generation: installed.generation,
    release: {
      digest: release.overlay?.base ?? installed.digest,
      name: release.name,
      version: release.version,
      releaseCounter: release.releaseCounter,
    },
    ...overlayOf(facts),
    update: facts.update,
    mode: modeOf(state),
    components: system.startOrder.flatMap((name) => {
      const record = state.components[name];
      return record ? [componentStatus(name, record, facts)] : [];
    }),
    channels: channelStatus(system, state),
    verification: facts.verification,
    host: [...facts.host.layers],
    ...(facts.gateway && { gateway: facts.gateway }),
    ...(facts.base && { base: facts.base }),
  };
}

function overlayOf({ release: { overlay }, installed }: StatusFacts): Pick<DeviceStatus, "overlay"> {
  if (overlay === undefined) return {};
  const { base: _, ...named } = overlay;
  return { overlay: { ...named, effectiveDigest: installed.digest } };
}

function componentStatus(name: string, record: ComponentRecord, facts: StatusFacts): ComponentStatus {
  const sandbox = facts.sandbox(name);
  const attached = facts.attached(name);
  return {
    name,
    role: facts.release.system.components[name]?.role ?? "application",
    state: record.phase.kind,
    incarnation: record.incarnation,
    restarts: Math.max(0, record.incarnation - 1),
    pid: sandbox?.componentPid ?? null,
    lastReason: clip(facts.lastReason(name)),
    level: sandbox?.level ?? null,
    ...(facts.release.system.components[name]?.spare && { spare: record.spare.kind }),
    ...acceleratorOf(sandbox?.made.spec.profile),
    ...(attached.length > 0 && { attached }),
  };
}

/** As its sandbox was made: the filter for a guest is one of two. */
function acceleratorOf(profile: SandboxSpec["profile"]): Pick<ComponentStatus, "accelerator"> {
  if (profile === "vm") return { accelerator: "tcg" };
  return profile === "vm-kvm" ? { accelerator: "kvm" } : {};
}

/** A component may have said it: hundreds of them must not outgrow a frame. The crash record has more of it. */
const maxReasonLength = 500;

function clip(reason: Reason | null): Reason | null {
  return reason && { ...reason, text: reason.text.slice(0, maxReasonLength) };
}

function modeOf({ ladder: { safeMode } }: SupervisionState): DeviceStatus["mode"] {
  return safeMode ? { kind: "safe", reason: safeMode.reason } : { kind: "normal", reason: "" };
}

function channelStatus(system: System, { components }: SupervisionState): DeviceStatus["channels"] {
  const isReady = (name: string) => components[name]?.phase.kind === "ready";
  return system.channels.map(({ client, name, provider }) => ({
    client,
    name,
    provider,
    up: isReady(client) && isReady(provider),
    incarnation: components[provider]?.incarnation ?? 0,
  }));
}
