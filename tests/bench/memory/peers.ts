/** Ten idle Node processes under other supervisors, each ten in a control group of their own, so that the kernel counts them alike. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { until } from "../../../runtime/src/root-server/testing/bench.ts";
import { createGroup } from "../../../runtime/src/sandbox/cgroup/group.ts";
import { detectCgroups } from "../../../runtime/src/sandbox/cgroup/host.ts";
import { findProgram } from "../../../runtime/src/sandbox/programs.ts";
import { unpack } from "../restart/peers/debian.ts";
import { sandboxCommand } from "../restart/peers/measure.ts";
import { installPm2, pm2Version, writeRun } from "../restart/peers/supervisors.ts";
import { memoryGroup, ownOf, type Use, useOf } from "./groups.ts";

export type Peer = { use: Use; supervisor: Pick<Use, "pss" | "private" | "processes"> };
export const count = 10;

/** More than any of them needs: the group is to count, not to limit. */
const limits = { memoryBytes: 2 ** 30, processes: 1000, cpu: { class: "fair", weight: 100 } } as const;

/** Makes the group; returns its directory, and what a command begins with to be charged to it. */
async function prepare(group: string): Promise<{ directory: string; prefix: string[] }> {
  await createGroup(await detectCgroups(), group, limits);
  const directory = await memoryGroup(group);
  const joins = join(import.meta.dirname, "peers/in-group.mjs");
  return { directory, prefix: [process.execPath, joins, join(directory, "cgroup.procs")] };
}

/** Waits until `expected` processes are in the group, and their memory no longer changes. */
async function settled(directory: string, expected: number): Promise<Use> {
  let before = await useOf(directory);
  return until(
    async () => {
      const now = await useOf(directory);
      const isSteady = now.processes === expected && Math.abs(now.private - before.private) < 2 ** 16;
      before = now;
      await new Promise((resolve) => setTimeout(resolve, 1000));
      return isSteady && now;
    },
    `${expected} processes in ${directory}; there are ${before.processes}`,
    30_000,
  );
}

/** pm2 in fork mode: bare processes, and a daemon in Node. */
export async function measurePm2(instance: string): Promise<{ version: string } & Peer> {
  const program = await installPm2();
  const { directory, prefix } = await prepare(`${instance}/pm2`);
  const home = await mkdtemp(join(tmpdir(), "bulkhead-bench-"));
  const env = { PM2_HOME: home };
  const [script = "", ...args] = [...prefix, process.execPath, join(import.meta.dirname, "peers/idle.mjs")];
  const apps = Array.from({ length: count }, (_, index) => ({
    name: `idle-${index}`,
    script,
    args,
    interpreter: "none",
  }));
  await writeFile(join(home, "idle.json"), JSON.stringify({ apps }));
  try {
    await execa(process.execPath, [program, "start", join(home, "idle.json")], { env });
    const use = await settled(directory, count);
    const daemon = Number(await readFile(join(home, "pm2.pid"), "utf8"));
    return { version: pm2Version, use, supervisor: await ownOf([daemon]) };
  } finally {
    await execa(process.execPath, [program, "kill"], { env, reject: false });
    await rm(home, { recursive: true, force: true });
  }
}

/** runit, which runs each in a bubblewrap sandbox like that of a component, but for filter and control group. */
export async function measureRunit(instance: string): Promise<{ version: string } & Peer> {
  const { root, environment, version } = await unpack(["runit"]);
  const { directory, prefix } = await prepare(`${instance}/runit`);
  const place = await mkdtemp(join(tmpdir(), "bulkhead-bench-"));
  for (let index = 0; index < count; index++) {
    const own = join(place, "own", `${index}`);
    await mkdir(own, { recursive: true });
    const [, ...sandbox] = await sandboxCommand(own);
    await writeRun(join(place, "services", `idle-${index}`), [
      ...prefix,
      await findProgram("bwrap", "bubblewrap"),
      ...sandbox,
    ]);
  }
  const child = spawn(join(root, "usr/bin/runsvdir"), ["-P", join(place, "services")], {
    env: environment,
    stdio: "ignore",
  });
  try {
    // Of each: bubblewrap, its pid 1, Node.
    const use = await settled(directory, 3 * count);
    const own = (await execa("pgrep", ["-P", `${child.pid}`])).stdout.split("\n").map(Number);
    return { version, use, supervisor: await ownOf([child.pid ?? 0, ...own]) };
  } finally {
    const ended = once(child, "exit");
    // SIGHUP: it ends its services, too.
    child.kill("SIGHUP");
    await ended;
    // runsv may still be writing its last state.
    await rm(place, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}
