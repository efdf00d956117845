/** What the kernel charged to control groups, and what their processes have of it by themselves. */
import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { detectCgroups, groupDirectories } from "../../../runtime/src/sandbox/cgroup/host.ts";
import { sum } from "../figures.ts";

/** Bytes. */
export type Use = {
  name: string;
  /** Of the control group: anonymous memory, tmpfs, page cache that it was the first to touch, and the kernel's own for it. */
  charged: number;
  kernel: number | null;
  /** Of its processes, from smaps_rollup: shared pages by share, and pages that nobody else has. */
  pss: number;
  private: number;
  processes: number;
};

/** The group and each below it, of the version that is there; `instance` below our root. */
export async function usesOf(instance: string): Promise<Use[]> {
  const directory = await memoryGroup(instance);
  const entries = await readdir(directory, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  return Promise.all(names.map((name) => useOf(join(directory, name))));
}

/** Throws where there are no control groups: nothing is charged to anybody then. */
export async function memoryGroup(instance: string): Promise<string> {
  const host = await detectCgroups();
  const directories = groupDirectories(host, instance);
  const directory =
    host.version === "v1" ? directories.find((path) => path.startsWith(host.mounts.memory)) : directories[0];
  if (directory === undefined) throw new Error("there are no control groups with a memory controller here");
  return directory;
}

export async function useOf(directory: string): Promise<Use> {
  const number = async (...files: string[]) => {
    for (const file of files) {
      const text = await readFile(join(directory, file), "utf8").catch(() => null);
      if (text !== null) return Number(text);
    }
    return null;
  };
  const stat = await readFile(join(directory, "memory.stat"), "utf8").catch(() => "");
  const kernel = Number(/^kernel (\d+)$/m.exec(stat)?.[1] ?? Number.NaN);
  const pids = (await readFile(join(directory, "cgroup.procs"), "utf8").catch(() => "")).split("\n").filter(Boolean);
  return {
    name: basename(directory),
    charged: (await number("memory.current", "memory.usage_in_bytes")) ?? Number.NaN,
    kernel: Number.isNaN(kernel) ? await number("memory.kmem.usage_in_bytes") : kernel,
    ...(await ownOf(pids.map(Number))),
  };
}

/** Of processes, wherever they are. */
export async function ownOf(pids: readonly number[]): Promise<Pick<Use, "pss" | "private" | "processes">> {
  const texts = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/smaps_rollup`, "utf8").catch(() => "")));
  const field = (name: string) =>
    sum(texts.map((text) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text)?.[1] ?? 0))) * 1024;
  const read = texts.filter((text) => text !== "").length;
  return { pss: field("Pss"), private: field("Private_Clean") + field("Private_Dirty"), processes: read };
}
