/** How many files each component has open. The kernel says so of a process to its own user and to root alone, so the root server counts. */
import { readdir } from "node:fs/promises";
import { childrenOf } from "../sandbox/index.ts";

/** One question at a time, whoever asks how often: each reads a directory of /proc for every process. */
export function createFileCounter(
  components: () => readonly string[],
  pidOf: (component: string) => number | undefined,
  tell: (open: Record<string, number>) => void,
): { ask(): void } {
  let isCounting = false;
  return {
    ask() {
      if (isCounting) return;
      isCounting = true;
      // Where it fails, nothing is known; nobody is to end for that.
      void countAll(components(), pidOf)
        .catch(() => ({}))
        .then((open) => {
          isCounting = false;
          tell(open);
        });
    },
  };
}

async function countAll(
  components: readonly string[],
  pidOf: (component: string) => number | undefined,
): Promise<Record<string, number>> {
  const open: Record<string, number> = {};
  for (const name of components) {
    const pid = pidOf(name);
    // Each process has the limit for itself (getrlimit(2), RLIMIT_NOFILE), so the one that has most of them is what counts.
    if (pid !== undefined) open[name] = Math.max(...(await countBelow(pid)));
  }
  return open;
}

/** The counts of a process and of all below it; 0 for what has ended meanwhile, which nobody needs to look for children of. */
async function countBelow(pid: number): Promise<number[]> {
  const own = await readdir(`/proc/${pid}/fd`).catch(() => undefined);
  if (own === undefined) return [0];
  const children = await childrenOf(pid);
  return [own.length, ...(await Promise.all(children.map(countBelow))).flat()];
}
