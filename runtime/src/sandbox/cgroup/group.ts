/** Makes, enters and removes the control groups of components, all below `<mount>/bulkhead`. */
import { access, mkdir, readdir, readFile, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";
import type { SandboxSpec } from "../spec.ts";
import { waitFor } from "../wait.ts";
import { coreDirectories, placeGroup } from "./cores.ts";
import { type CgroupHost, detectCgroups, groupDirectories, neededControllers, ownRoot } from "./host.ts";
import { type Setting, settingsV1, settingsV2 } from "./limits.ts";
import { enableControllers, writeSetting } from "./write.ts";

/** How long killed processes may take to vanish on a busy machine; a process in an uninterruptible wait can outlast it. */
const emptyTimeoutMs = 20_000;

/** One or two path segments; `.` and `..` are none. */
const groupPattern = /^(?!\.{1,2}(?:\/|$))[A-Za-z0-9._-]+(?:\/(?!\.{1,2}$)[A-Za-z0-9._-]+)?$/;

/**
 * Makes the group of a component with its limits; what an earlier one left there is killed and removed first.
 * Throws SANDBOX_UNAVAILABLE, and leaves no group then.
 */
export async function createGroup(host: CgroupHost, group: string, limits: SandboxSpec["limits"]): Promise<void> {
  await removeGroup(host, group);
  await makeGroup(host, group, limits)
    .then(() => placeGroup(host, group, limits))
    .catch(async (cause: unknown) => {
      await removeGroup(host, group).catch(() => undefined);
      if (cause instanceof BulkheadError) throw cause;
      throw new BulkheadError("SANDBOX_UNAVAILABLE", `the control group ${group} cannot be made`, { cause });
    });
}

async function makeGroup(host: CgroupHost, group: string, limits: SandboxSpec["limits"]): Promise<void> {
  if (host.version === "v2") {
    const directory = join(host.mount, ownRoot, group);
    await enableControllers(host.mount, dirname(directory), neededControllers);
    await mkdir(directory, { recursive: true });
    await applySettings(directory, settingsV2(limits));
  }
  if (host.version === "v1") {
    await Promise.all(groupDirectories(host, group).map((directory) => mkdir(directory, { recursive: true })));
    // In version 1 a quota of `cpu` follows its period; what is told to different controllers has no order.
    await Promise.all(
      Object.entries(settingsV1(limits)).map(async ([controller, settings]) => {
        const mount = host.mounts[controller as keyof typeof host.mounts];
        if (mount !== null) await applySettings(join(mount, ownRoot, group), settings);
      }),
    );
  }
}

async function applySettings(directory: string, settings: readonly Setting[]): Promise<void> {
  for (const { file, value, optional } of settings) {
    if (optional && !(await exists(join(directory, file)))) continue;
    await writeSetting(directory, file, value);
  }
}

/**
 * Moves a process into the group; its later children are born there. Throws SANDBOX_UNAVAILABLE, and
 * COMPONENT_START_FAILED where the process has ended meanwhile.
 */
export async function joinGroup(host: CgroupHost, group: string, pid: number): Promise<void> {
  // Side by side: the kernel takes milliseconds for each hierarchy, in which it waits for itself.
  const directories = [...groupDirectories(host, group), ...(await coreDirectories(host, group))];
  await Promise.all(
    directories.map((directory) =>
      writeSetting(directory, "cgroup.procs", String(pid)).catch((error: Error) => {
        if ((error.cause as NodeJS.ErrnoException).code !== "ESRCH") throw error;
        throw new BulkheadError("COMPONENT_START_FAILED", `process ${pid} ended before it could join ${group}`, {
          cause: error,
          remedy:
            "the component's log has what bubblewrap said; most often a mount's source is not there or not readable",
        });
      }),
    ),
  );
}

/** Kills what is left in a group and everything below, and removes it. Returns the directories that were removed. */
export async function removeGroup(host: CgroupHost, group: string): Promise<string[]> {
  if (!groupPattern.test(group)) {
    throw new BulkheadError("ENVIRONMENT_INVALID", `"${group}" is not the name of a control group of ours`);
  }
  const directories = [...groupDirectories(host, group), ...(await coreDirectories(host, group))];
  return (await Promise.all(directories.map(removeTree))).flat();
}

/**
 * Removes the control groups of an instance, whoever left them; also our root when no other instance is in it.
 * Returns the directories that were removed. Throws SANDBOX_UNAVAILABLE where a process in them does not die.
 */
export async function removeCgroups(instance: string): Promise<string[]> {
  const host = await detectCgroups();
  const removed = await removeGroup(host, instance);
  for (const root of [...groupDirectories(host, "."), ...(await coreDirectories(host, "."))]) await removeUnused(root);
  return removed;
}

/**
 * Removes a group that nobody uses any more. The kernel says EBUSY both for one with groups in it, which is somebody's,
 * and for one that only has not finished emptying, which is waited for.
 */
export async function removeUnused(directory: string): Promise<void> {
  await waitFor(async () => {
    const error = await rmdir(directory).catch((reason: NodeJS.ErrnoException) => reason);
    return error === undefined || error.code === "ENOENT" || (await hasGroups(directory));
  }, emptyTimeoutMs);
}

async function hasGroups(directory: string): Promise<boolean> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  return entries.some((entry) => entry.isDirectory());
}

async function removeTree(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => null);
  if (entries === null) return [];
  const removed: string[] = [];
  for (const entry of entries) {
    if (entry.isDirectory()) removed.push(...(await removeTree(join(directory, entry.name))));
  }
  // The group stays busy for a moment after its last process was reaped, so removing it is part of what is waited for.
  const isGone = await waitFor(async () => {
    await killMembers(directory);
    return rmdir(directory).then(
      () => true,
      (error: NodeJS.ErrnoException) => error.code === "ENOENT",
    );
  }, emptyTimeoutMs);
  if (isGone) return [...removed, directory];
  throw new BulkheadError("SANDBOX_UNAVAILABLE", `processes in the control group ${directory} do not die`, {
    remedy: `look at the processes listed in ${join(directory, "cgroup.procs")}`,
  });
}

async function killMembers(directory: string): Promise<void> {
  const text = await readFile(join(directory, "cgroup.procs"), "utf8").catch(() => "");
  for (const line of text.split("\n")) {
    const pid = Number(line);
    // The kernel writes 0 for a process outside our pid namespace, and kill(0) would be our own process group.
    if (!Number.isSafeInteger(pid) || pid <= 1 || pid === process.pid) continue;
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It ended by itself between the two lines.
    }
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
