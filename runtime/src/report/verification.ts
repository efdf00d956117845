/**
 * Asks `verify`, a program of its own, to compare what runs with the system: once when everything is ready, and on
 * request. Remembers which sandboxes there are, and asks again where that changed while it looked.
 */
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { reportError, type System, type Verification, verificationSchema } from "@bulkhead/protocol";
import { execa } from "execa";
import type { Device } from "../device/index.ts";
import { plannedMounts, programEnvironment, type Sandbox } from "../sandbox/index.ts";
import { membersOf } from "../trust-groups/index.ts";
import type { Question } from "../verify/index.ts";

/** A look takes seconds; on an emulated board beside three others it took more than a minute. */
const timeoutMs = 300_000;
/** A system that never comes to rest is reported as it is then found. */
const tries = 5;
const restMs = 1000;

export type Watch = {
  /** Starts a sandbox; it counts until it has ended. */
  launch(component: string, start: () => Promise<Sandbox>): Promise<Sandbox>;
  /** Everything is ready: the first time, that is looked at. */
  settled(): void;
  /** Looks now, or once more after the look that is under way. */
  request(): void;
  latest(): Verification | null;
  /** Another system runs: it is looked at when everything is ready. */
  follow(): void;
  /** Paths that the sandboxes there are show something of. */
  shown(): string[];
  stop(): void;
};

/**
 * `uplink`: as its rules stand, another object after each change. `attached`: who looks into which component. `onReport`: there
 * is another `latest`.
 */
export function createWatch(
  device: Device,
  system: () => System,
  uplink: () => Question["uplink"],
  attached: () => Question["attached"],
  onReport: () => void,
): Watch {
  const sandboxes = new Map<Sandbox, string>();
  let changes = 0;
  let latest: Verification | null = null;
  /** `anew`: looking, at a system that does not run any more. */
  let state: "new" | "idle" | "looking" | "again" | "anew" | "stopped" = "new";

  async function lookUntilSteady(): Promise<Verification> {
    for (let left = tries; ; left--) {
      const before = [changes, uplink()];
      const question = { ...questionOf(device, system(), uplink(), sandboxes), attached: attached() };
      const report = await ask(device, question).catch(cannotLook);
      if ((changes === before[0] && uplink() === before[1]) || state === "stopped") return report;
      if (left === 1) return { ...report, ok: false, failure: "components were started and ended all the time" };
      await delay(restMs);
    }
  }

  async function look(): Promise<void> {
    state = "looking";
    const report = await lookUntilSteady();
    if (isStopped()) return;
    if (isAnew()) {
      state = "new";
      return;
    }
    latest = report;
    tell(device, report);
    onReport();
    if (isAgain()) await look();
    else state = "idle";
  }
  // The compiler takes what `state` was before the wait for what it is after it.
  const isStopped = () => state === "stopped";
  const isAgain = () => state === "again";
  const isAnew = () => state === "anew";

  function request(): void {
    if (state === "looking" || state === "anew") state = "again";
    else if (state === "idle" || state === "new") void look();
  }

  return {
    async launch(component, start) {
      changes += 1;
      const sandbox = await start();
      sandboxes.set(sandbox, component);
      changes += 1;
      void sandbox.exited.then(() => {
        sandboxes.delete(sandbox);
        changes += 1;
      });
      return sandbox;
    },
    settled: () => (state === "new" || state === "anew") && request(),
    request,
    latest: () => latest,
    follow() {
      changes += 1;
      latest = null;
      if (state === "idle") state = "new";
      else if (state !== "new" && state !== "stopped") state = "anew";
    },
    shown: () =>
      [...sandboxes.keys()].flatMap(({ made }) =>
        made.spec.mounts.flatMap((mount) => ("source" in mount ? [mount.source] : [])),
      ),
    stop() {
      state = "stopped";
    },
  };
}

function questionOf(
  device: Device,
  system: System,
  uplink: Question["uplink"],
  sandboxes: ReadonlyMap<Sandbox, string>,
): Omit<Question, "attached"> {
  const asked = [...sandboxes].map(([{ pid, componentPid, made, level }, name]): Question["asked"][number] => {
    const { uid, environment, networkNamespace, capabilities, limits, cgroup, surroundings = "hosted" } = made.spec;
    return {
      ...{ name, pid, componentPid, uid, cgroup, networkNamespace },
      limits: { ...limits, cores: [...(limits.cores ?? [])] },
      environment: { ...environment },
      mounts: plannedMounts(made.spec),
      hosted: surroundings === "hosted",
      capabilities: [...capabilities],
      seccomp: made.seccomp,
      userNamespace: made.form === "own-userns",
      deadline: level.deadline === "applied",
      members: [...membersOf(system, name)],
      logs: membersOf(system, name).map((member) => join(device.paths.log, member)),
    };
  });
  return { system, provisioning: device.provisioning, uplink, cgroup: device.host.cgroup, asked };
}

async function ask({ config }: Device, question: Question): Promise<Verification> {
  const { stdout } = await execa(process.execPath, [join(config.platformDir, "verify.js")], {
    input: JSON.stringify(question),
    env: programEnvironment,
    extendEnv: false,
    timeout: timeoutMs,
  });
  return verificationSchema.parse(JSON.parse(stdout));
}

function cannotLook(error: unknown): Verification {
  const failure = `verify could not look: ${reportError(error).message}`.slice(0, 500);
  return { atMs: Date.now(), ok: false, components: 0, differences: [], more: 0, failure };
}

function tell({ log }: Device, { ok, components, differences, more, failure }: Verification): void {
  if (ok) log.line(`verified: ${components} components run as the system says`);
  if (failure !== null) log.line(`not verified: ${failure}`);
  for (const { component, what, expected, found } of differences) {
    log.line(`not as the system says: ${component}: ${what}: expected ${expected}; found ${found}`);
  }
  if (more > 0) log.line(`not as the system says: ${more} more`);
}
