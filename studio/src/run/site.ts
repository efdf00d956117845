/** The place that one system has on this machine: its directories, its uids, and the list of what must be undone at its end. */
import { mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { removeCgroups } from "@bulkhead/runtime";
import { bulkheadDirectory } from "../locations.ts";
import { removeTrees } from "./forget.ts";
import { claimInstance, type Instance } from "./instance.ts";
import { type Paths, pathsBelow } from "./paths.ts";
import { detectPrivilege, type Privilege } from "./privilege.ts";
import type { Progress } from "./progress.ts";
import { asStateError, checkState } from "./state.ts";
import { rootsUids, type Uids } from "./uids.ts";

export type SiteOptions = {
  /** Keeps systems on one machine apart. */
  name: string;
  /** Forgets what an earlier run of this name kept. */
  fresh: boolean;
  /** Aborted from outside when it shall end, from inside when it cannot go on; the reason is an error that says why. */
  ending?: AbortController;
};

export type Site = {
  privilege: Privilege;
  instance: Instance;
  paths: Paths;
  uids: Uids;
  /** Aborted when this site shall end; the reason says why. */
  ending: AbortSignal;
  /**
   * Adds what must be done at the end; the last added is done first. Throws where the end has been asked for meanwhile, so
   * that a start goes no further than the part that it was at.
   */
  atEnd(step: () => Promise<unknown>): void;
  /** Tells a person what happens. */
  note(text: string): void;
  /** Ends the site: it has lost something that it cannot do without. */
  fail(error: Error): void;
  /** Takes down all that was started here. */
  stop(): Promise<void>;
};

/** Takes the place for this process and clears what a killed run left. Throws ALREADY_RUNNING, MISSING_PRIVILEGE. */
export async function claimSite(options: SiteOptions, progress: Progress): Promise<Site> {
  const privilege = await detectPrivilege();
  const instance = await claimInstance(options.name, bulkheadDirectory);
  for (const left of instance.cleaned) progress.note(`cleaned up: ${left}`);
  const undo: (() => Promise<unknown>)[] = [() => instance.release()];
  const { ending = new AbortController() } = options;
  const paths = pathsBelow(instance.stateDir);
  const site: Site = {
    privilege,
    instance,
    paths,
    uids: await uidsOf(privilege, paths),
    ending: ending.signal,
    atEnd: (step) => {
      undo.push(step);
      ending.signal.throwIfAborted();
    },
    note: progress.note,
    fail: (error) => ending.abort(error),
    stop: () => undoAll(undo.splice(0).reverse()),
  };
  return takeDownOnFailure(site, async () => {
    if (options.fresh) await forget(paths, privilege);
    await checkState(instance.stateDir, options);
    await mkdir(paths.logDir, { recursive: true, mode: 0o700 });
    site.atEnd(() => removeCgroups(instance.cgroupInstance));
    return site;
  });
}

/** Does `work`; what it had started before it failed is taken down again. */
export async function takeDownOnFailure<T>(site: Site, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await site.stop();
    throw asStateError(error, site.instance.stateDir);
  }
}

/** Every step is done, whatever became of the others; the first problem is thrown at the end. */
async function undoAll(steps: readonly (() => Promise<unknown>)[]): Promise<void> {
  const problems: unknown[] = [];
  for (const step of steps) await step().catch((error: unknown) => problems.push(error));
  if (problems.length > 0) throw problems[0];
}

async function uidsOf(privilege: Privilege, { stateDir, kms }: Paths): Promise<Uids> {
  if (privilege.kind === "user") return { kms: null, components: null };
  // Inside the user namespace; the host sees the user's own range.
  if (privilege.kind === "user-range") return { kms: null, components: 1000 };
  const owner = await stat(kms).then(
    ({ uid }) => uid,
    () => null,
  );
  return rootsUids(stateDir, owner);
}

async function forget(paths: Paths, privilege: Privilege): Promise<void> {
  const parts = [
    paths.kms,
    paths.gatewayDir,
    paths.devicesDir,
    paths.buildDir,
    join(paths.stateDir, "project"),
    join(paths.stateDir, "postgres", "data"),
    paths.logDir,
  ];
  await removeTrees(parts, privilege);
}
