/** What a started board uses of its memory, as its own kernel counts it: all of it, and each process's part. */
import type { Machine } from "./machine.ts";

export type Memory = {
  /** What is not available to anybody who would ask for memory. */
  readonly usedMiB: number;
  /** By what it is, the largest first. */
  readonly parts: readonly Part[];
};

type Part = { readonly name: string; readonly processes: number; readonly ownMiB: number; readonly pssMiB: number };

/** Of each process its name, its control group and, in KiB, its part of what it maps, and of that its own memory; then the kernel's counts. */
const command = [
  "for p in /proc/[0-9]*; do",
  `busybox awk -v n="$(cat $p/comm 2>/dev/null)" -v g="$(busybox tail -n 1 $p/cgroup 2>/dev/null)"`,
  `'/^Pss:/{p=$2}/^Pss_Anon:/{a=$2}END{if(p)print "process|" n "|" g "|" p "|" a}' $p/smaps_rollup 2>/dev/null; done;`,
  `cat /proc/meminfo; echo "all of"" it"`,
].join(" ");

/** Asks the board's shell, whose console has said all up to `from`. */
export async function measureMemory(machine: Machine, from: number): Promise<Memory> {
  machine.type(command);
  const { end } = await machine.until(/all of it/, from);
  const said = machine.console().slice(from, end);
  const kernel = new Map(
    [...said.matchAll(/^(\w+): +(\d+) kB/gm)].map(([, name = "", kB]) => [name, Number(kB) / 1024]),
  );
  const counted = (...names: string[]) => names.reduce((sum, name) => sum + (kernel.get(name) ?? Number.NaN), 0);
  const ofKernel = counted("SUnreclaim", "KernelStack", "PageTables", "Percpu", "Shmem");
  return {
    usedMiB: counted("MemTotal") - counted("MemAvailable"),
    parts: [
      ...partsOf(said),
      {
        name: "the kernel: slab, stacks, page tables, per processor; tmpfs",
        processes: 0,
        ownMiB: ofKernel,
        pssMiB: ofKernel,
      },
      { name: "page cache that is given back", processes: 0, ownMiB: 0, pssMiB: counted("Cached") - counted("Shmem") },
    ],
  };
}

function partsOf(said: string): Part[] {
  const parts = new Map<string, Part>();
  for (const [, comm = "", group = "", pss, own] of said.matchAll(/^process\|(.*)\|(.*)\|(\d+)\|(\d+)/gm)) {
    const name = nameOf(comm, group);
    const { processes, ownMiB, pssMiB } = parts.get(name) ?? { processes: 0, ownMiB: 0, pssMiB: 0 };
    const [more, all] = [Number(own) / 1024, Number(pss) / 1024];
    parts.set(name, { name, processes: processes + 1, ownMiB: ownMiB + more, pssMiB: pssMiB + all });
  }
  return [...parts.values()].sort((one, other) => other.ownMiB - one.ownMiB);
}

/** Node calls its main thread so; each component has a control group of its name. */
function nameOf(comm: string, group: string): string {
  return comm === "MainThread" || comm === "node" ? `Node: ${group.split("/").at(-1)}` : comm;
}

/** As lines: for who reads a proof's output, and for the docs. */
export function describeMemory({ usedMiB, parts }: Memory): string {
  const lines = parts.map(({ name, processes, ownMiB, pssMiB }) => {
    const count = processes > 1 ? ` (${processes})` : "";
    return `  ${name}${count}: ${ownMiB.toFixed(1)} MiB its own, ${pssMiB.toFixed(1)} with its part of what is shared\n`;
  });
  return `${usedMiB.toFixed(0)} MiB used\n${lines.join("")}`;
}
