/** Chooses how a sandbox is made, and says beforehand what it will run without. Pure. */
import { BulkheadError, type Level } from "@bulkhead/protocol";
import { isExclusive } from "./cgroup/cores.ts";
import { canHaveUid, type HostCapabilities } from "./host.ts";
import type { SandboxSpec } from "./spec.ts";

/**
 * `own-userns`: bubblewrap runs under the component's uid and makes a user namespace, so it never had a privilege.
 * `board-userns`: the caller, root, runs bubblewrap without one, and setpriv takes uid and capabilities away inside:
 * for a component with capabilities over the board's network, and where no user namespace can be had.
 */
export type Form = "own-userns" | "board-userns";

/** Throws SANDBOX_UNAVAILABLE where neither form can carry `spec` on this host. */
export function chooseForm(spec: SandboxSpec, host: HostCapabilities): Form {
  if (spec.uid !== null && !canHaveUid(host.uids, spec.uid)) {
    throw unavailable(spec, `uid ${spec.uid} is not one that this user can give`, "use uid null, or a subuid range");
  }
  const form = host.userNamespaces && spec.capabilities.length === 0 ? "own-userns" : "board-userns";
  if (form === "board-userns" && !host.root) {
    throw unavailable(spec, "it can only be made by root", "run as root, or as uid 0 of a user namespace");
  }
  return form;
}

/** What a level may lack: words for people, compared exactly by `refuseGaps`. */
export function foreseeMissing(spec: SandboxSpec, host: HostCapabilities): string[] {
  return [
    spec.uid === null ? "own uid" : [],
    chooseForm(spec, host) === "board-userns" && spec.capabilities.length === 0 ? "user namespace" : [],
    host.seccomp ? [] : "seccomp filter",
    host.cgroup.version === "none" ? "control group" : [],
    canPlace(spec, host) ? [] : "placement on cores",
    canMeetDeadline(spec, host) ? [] : "deadline scheduling",
    spec.storage?.isLimited === false ? "storage quota" : [],
  ].flat();
}

function canPlace({ limits }: SandboxSpec, { cgroup, exclusiveCores }: HostCapabilities): boolean {
  if ((limits.cores ?? []).length === 0) return true;
  return isExclusive(limits) ? exclusiveCores : cgroup.version !== "none" && cgroup.cpuset !== undefined;
}

/** A deadline holds on all cores, or on cores of its own: the kernel refuses it to a task that is bound in any other way. */
export function canMeetDeadline({ limits }: SandboxSpec, host: HostCapabilities): boolean {
  if (limits.cpu.class !== "deadline") return true;
  return host.deadline === "available" && (!isExclusive(limits) || host.exclusiveCores);
}

/** What of `missing` the component's manifest does not accept. */
export function violations(requires: SandboxSpec["requires"], missing: readonly string[]): string[] {
  const needs: Record<SandboxSpec["requires"][number], readonly string[]> = {
    "own-uid": ["own uid"],
    // A user namespace is how the others are made without privilege, not a wall of its own; net is its provider's to choose.
    namespaces: ["mount namespace", "pid namespace", "ipc namespace", "uts namespace"],
    seccomp: ["seccomp filter", "no_new_privs"],
    cgroup: ["control group"],
    "storage-quota": ["storage quota"],
    cores: ["placement on cores"],
    deadline: ["deadline scheduling"],
  };
  return requires.flatMap((layer) => needs[layer].filter((name) => missing.includes(name)));
}

/** Fails before anything is started. */
export function refuseForeseen(spec: SandboxSpec, host: HostCapabilities): void {
  const lacking = violations(spec.requires, foreseeMissing(spec, host));
  if (lacking.length > 0) throw lacks(spec, lacking, host.reasons);
}

/** Fails where the kernel gave less than what was foreseen, or than what the manifest requires. */
export function refuseGaps(spec: SandboxSpec, host: HostCapabilities, level: Level): void {
  const foreseen = foreseeMissing(spec, host);
  const surprises = level.missing.filter((name) => !foreseen.includes(name));
  const lacking = [...new Set([...surprises, ...violations(spec.requires, level.missing)])];
  if (lacking.length > 0) throw lacks(spec, lacking, host.reasons);
}

function lacks(spec: SandboxSpec, lacking: readonly string[], reasons: readonly string[]): BulkheadError {
  const why = reasons.length > 0 ? ` (${reasons.join("; ")})` : "";
  return unavailable(
    spec,
    `it would run without: ${lacking.join(", ")}${why}`,
    "give the host what is missing, or take the layer out of `requires`",
  );
}

function unavailable(spec: SandboxSpec, what: string, remedy: string): BulkheadError {
  return new BulkheadError("SANDBOX_UNAVAILABLE", `the sandbox of ${spec.name}: ${what}`, { remedy });
}
