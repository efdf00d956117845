/** 10: when it is taken down, nothing of it is left. */
import { readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import { eventually } from "../../../studio/src/run/eventually.ts";
import type { Running } from "../../../studio/src/run/launcher.ts";
import { isAlive, processesBelow } from "../processes.ts";
import { fact, type Proof } from "../proof.ts";

/** Writes down what there is, and returns the proof that takes it down and looks again. */
export async function watchTeardown(running: Running): Promise<Proof> {
  const processes = [...(await processesBelow(running.world.pid)), ...(await processesBelow(running.kms.pid()))];
  const namespaces = new Set((await Promise.all(processes.map(({ pid }) => namespacesOf(pid)))).flat());
  for (const own of await namespacesOf(process.pid)) namespaces.delete(own);
  // The kernel gives a namespace's number to the next one: only who was there before can be in one of ours.
  const others = await allPids();
  return {
    title: "taken down, it leaves no process, namespace, mount, control group or database behind",
    async prove() {
      await running.stop();
      // The kernel ends a pid namespace in its own time; none of it may stay.
      const alive = await untilEmpty(async () => processes.filter(({ pid }) => isAlive(pid)));
      const left = await untilEmpty(() => namespacesLeft(namespaces, others));
      const mounts = await mountsLeft(running.paths.stateDir, namespaces);
      // Another system that starts or ends meanwhile has the common root empty for a moment.
      const groups = await untilEmpty(() => cgroupsLeft(running.paths.stateDir.split("/").at(-1) ?? ""));
      return [
        fact(
          alive.length === 0,
          `${processes.length} processes: ${alive.length} left${alive.map(({ pid }) => ` ${pid}`)}`,
        ),
        fact(left.length === 0, `${namespaces.size} namespaces: ${left.length} left, and with them their interfaces`),
        fact(mounts.length === 0, `mounts of the host: ${mounts.length} left${mounts.map((line) => ` ${line}`)}`),
        fact(groups.length === 0, `control groups: ${groups.length} left${groups.map((path) => ` ${path}`)}`),
        fact(!isAlive(running.postgres.pid()), "the database has ended"),
      ];
    },
  };
}

/** Looks for up to five seconds until nothing is found; returns what still is then. */
async function untilEmpty<T>(look: () => Promise<T[]>): Promise<T[]> {
  await eventually("nothing to be left", 5_000, async () => (await look()).length === 0 || undefined).catch(
    () => undefined,
  );
  return look();
}

const kinds = ["mnt", "pid", "net", "ipc", "uts", "user"];

async function namespacesOf(pid: number): Promise<string[]> {
  return Promise.all(kinds.map((kind) => readlink(`/proc/${pid}/ns/${kind}`).catch(() => `${kind}: gone`)));
}

async function allPids(): Promise<number[]> {
  return (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
}

/** Those of `wanted` that one of the processes is still in. */
async function namespacesLeft(wanted: ReadonlySet<string>, pids: readonly number[]): Promise<string[]> {
  const present = new Set((await Promise.all(pids.filter(isAlive).map(namespacesOf))).flat());
  return [...wanted].filter((namespace) => !namespace.endsWith("gone") && present.has(namespace));
}

/** Mounts of the host's own mount namespace that show our files or pin one of our namespaces (proc(5), mountinfo). */
async function mountsLeft(stateDir: string, namespaces: ReadonlySet<string>): Promise<string[]> {
  const lines = (await readFile("/proc/self/mountinfo", "utf8")).split("\n");
  return lines.filter(
    (line) => line.includes(stateDir) || [...namespaces].some((namespace) => line.includes(` ${namespace} `)),
  );
}

/** Groups of the instance, and roots of all instances with nothing in them, in every hierarchy of the machine. */
export async function cgroupsLeft(instance: string, top = "/sys/fs/cgroup"): Promise<string[]> {
  const entries = await readdir(top, { withFileTypes: true }).catch(() => []);
  const places = [top, ...entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(top, name))];
  const found = await Promise.all(places.map((place) => leftIn(join(place, "bulkhead"), instance)));
  return found.flat();
}

async function leftIn(root: string, instance: string): Promise<string[]> {
  const entries = await readdir(root, { withFileTypes: true }).catch(() => null);
  if (entries === null) return [];
  const groups = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  if (groups.length === 0) return [root];
  return groups.includes(instance) ? [join(root, instance)] : [];
}
