/** The one way a component is started, for the first time and again: blocked, control group, release, measured. */
import { readFile } from "node:fs/promises";
import { BulkheadError, type Level } from "@bulkhead/protocol";
import { commandLine, setprivInside } from "./bubblewrap.ts";
import { readEndOfUse } from "./cgroup/end-of-use.ts";
import { createGroup, joinGroup, removeGroup } from "./cgroup/group.ts";
import { applyDeadline, type Deadline, hasDeadline } from "./deadline.ts";
import { canMeetDeadline, chooseForm, type Form, refuseForeseen, refuseGaps } from "./form.ts";
import type { HostCapabilities } from "./host.ts";
import { type Launched, launch } from "./launch.ts";
import { childrenOf, isEnding, readLevel } from "./level.ts";
import { mergeMounts, programMounts } from "./mounts.ts";
import { findProgram } from "./programs.ts";
import { buildFilter, encodeFilter, isArchitecture } from "./seccomp/filter.ts";
import type { EndOfUse, ExitStatus, Sandbox, SandboxSpec } from "./spec.ts";
import { waitFor } from "./wait.ts";

/** A board makes a sandbox in some hundred milliseconds, an emulated one on a busy machine in seconds; one that takes this long hangs. */
const setUpTimeoutMs = 60_000;

/**
 * Starts `spec.command` in a sandbox of its own. Throws SANDBOX_UNAVAILABLE where a layer is missing that the manifest
 * requires, or that the host promised; COMPONENT_START_FAILED where the program does not start. Nothing is left then.
 */
export async function startSandbox(spec: SandboxSpec, host: HostCapabilities): Promise<Sandbox> {
  refuseForeseen(spec, host);
  const form = chooseForm(spec, host);
  const extraMounts =
    form === "board-userns" ? await programMounts(await findProgram("setpriv", "util-linux"), setprivInside) : [];
  const filter = host.seccomp ? makeFilter(spec, form) : null;
  const mounts = mergeMounts(spec.mounts, extraMounts);
  const made = { spec: { ...spec, mounts }, form, seccomp: filter !== null };
  const line = commandLine(made.spec, form, made.seccomp);
  // Made while bubblewrap makes the sandbox, where nothing of the component runs before it is in the group.
  const group = makeGroup(spec, host);
  const isGroupDone = group.catch(() => undefined);
  const launched = await launch(line, filter, spec).catch(async (cause: unknown) => {
    await isGroupDone;
    throw cause;
  });
  const ended = launched.ended.then(async (status) => {
    await isGroupDone;
    return { ...status, ...readEndOfUse(host.cgroup, spec.cgroup) };
  });
  const exited = cleanUpAfter(ended, spec, host);
  try {
    await group;
    return await release(launched, { ended, exited }, made, host);
  } catch (cause) {
    launched.kill();
    await exited;
    if (cause instanceof BulkheadError) throw cause;
    throw new BulkheadError("COMPONENT_START_FAILED", `${spec.name} could not be started`, { cause });
  }
}

async function makeGroup(spec: SandboxSpec, host: HostCapabilities): Promise<void> {
  // The one before it may just have ended: what cleans up after it must not meet the new group.
  await removals.get(spec.cgroup);
  await createGroup(host.cgroup, spec.cgroup, spec.limits);
}

async function release(
  launched: Launched,
  ends: Pick<Sandbox, "ended" | "exited">,
  made: Sandbox["made"],
  host: HostCapabilities,
): Promise<Sandbox> {
  const { spec } = made;
  const pid = await withTimeout(launched.childPid, spec);
  await joinGroup(host.cgroup, spec.cgroup, pid);
  await launched.release();
  const componentPid = await findComponent(pid, launched, spec);
  const level = await readLevel(componentPid, spec, host.cgroup, foreseenDeadline(spec, host));
  if (await isEnding(componentPid)) throw notStarted(spec, "it ended at once");
  refuseGaps(spec, host, level);
  const { control, kill } = launched;
  const schedule = async () => {
    if (spec.limits.cpu.class !== "deadline" || sandbox.level.deadline === "unavailable") return;
    sandbox.level = await meetDeadline(componentPid, spec, host, spec.limits.cpu);
  };
  const sandbox: Sandbox = { pid, componentPid, control, level, made, schedule, ...ends, kill };
  return sandbox;
}

function foreseenDeadline(spec: SandboxSpec, host: HostCapabilities): Level["deadline"] {
  if (spec.limits.cpu.class !== "deadline") return "not-asked";
  return canMeetDeadline(spec, host) ? "when-ready" : "unavailable";
}

async function meetDeadline(
  pid: number,
  spec: SandboxSpec,
  host: HostCapabilities,
  deadline: Deadline,
): Promise<Level> {
  const refusal = await applyDeadline(pid, deadline);
  const isApplied = refusal === null && (await hasDeadline(pid, deadline));
  const level = await readLevel(pid, spec, host.cgroup, isApplied ? "applied" : "unavailable");
  const reasons = refusal === null ? host.reasons : [refusal, ...host.reasons];
  refuseGaps(spec, { ...host, reasons }, level);
  return level;
}

function makeFilter(spec: SandboxSpec, form: Form): Buffer | null {
  if (!isArchitecture(process.arch)) return null;
  // What needs a capability is one program of the installed runtime, whatever runs it.
  const profile = spec.capabilities.includes("net_admin") ? "net-admin" : (spec.profile ?? "component");
  const name = `${profile} ${form}`;
  const made = filters.get(name) ?? encodeFilter(buildFilter(process.arch, profile, form === "board-userns"));
  filters.set(name, made);
  return made;
}

/** By profile and form, on which alone they depend. */
const filters = new Map<string, Buffer>();

/** Control groups that are being removed. */
const removals = new Map<string, Promise<unknown>>();

/** A group that cannot be removed is left to the next start of the component, which then fails with the reason. */
async function cleanUpAfter(
  ended: Promise<ExitStatus & EndOfUse>,
  { cgroup }: SandboxSpec,
  host: HostCapabilities,
): Promise<ExitStatus> {
  const { code, signal } = await ended;
  const removal = removeGroup(host.cgroup, cgroup).catch(() => undefined);
  removals.set(cgroup, removal);
  await removal;
  if (removals.get(cgroup) === removal) removals.delete(cgroup);
  return { code, signal };
}

async function withTimeout(childPid: Promise<number>, spec: SandboxSpec): Promise<number> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(notStarted(spec, `it was not set up within ${setUpTimeoutMs} ms`)), setUpTimeoutMs);
  });
  return Promise.race([childPid, late]).finally(() => clearTimeout(timer));
}

/** The child of pid 1, once it executes the component: until then it is a copy of bubblewrap, or setpriv. */
async function findComponent(pid: number, launched: Launched, spec: SandboxSpec): Promise<number> {
  let found: number | null = null;
  let ended: ExitStatus | null = null;
  void launched.ended.then((status) => {
    ended = status;
  });
  await waitFor(async () => {
    for (const child of await childrenOf(pid)) {
      const name = (await readFile(`/proc/${child}/comm`, "utf8").catch(() => "bwrap")).trim();
      if (name !== "bwrap" && name !== "setpriv") found = child;
    }
    return found !== null || ended !== null;
  }, setUpTimeoutMs);
  if (found !== null) return found;
  throw notStarted(spec, ended === null ? "its program was not executed in time" : "it ended at once");
}

function notStarted(spec: SandboxSpec, why: string): BulkheadError {
  return new BulkheadError("COMPONENT_START_FAILED", `${spec.name} could not be started: ${why}`, {
    remedy: "the component's log has what it or bubblewrap said",
  });
}
