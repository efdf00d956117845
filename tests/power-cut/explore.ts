/**
 * Cuts the power after every step of an update path, and kills the process after every step, lets it go on and cuts the
 * power then. What each cut may leave is made a directory, on which the product is started again.
 */
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { type Life, record } from "./disk/file-system.ts";
import { readDisk } from "./disk/tree.ts";
import { createStates, holdToDisk, type States } from "./states.ts";
import { inScratch, type UpdatePath } from "./update-path.ts";

export type Bounds = {
  /** Of what one cut may leave, so much is looked at: all where there is no more, else samples by fast-check. */
  readonly perCut: number;
  /** Whether the process is killed after this step as well. */
  readonly kills: (step: string) => boolean;
  /** Whether this sync does what it says; the usual is yes. To see that it is needed. */
  readonly syncs?: (step: string) => boolean;
};

export type Explored = {
  readonly steps: readonly string[];
  readonly cuts: number;
  /** Cuts of which everything that they may leave was looked at. */
  readonly exhausted: number;
  /** Directories on which the product was started; all different. */
  readonly states: number;
};

export function explore(path: UpdatePath, bounds: Bounds): Promise<Explored> {
  return inScratch(path, async ({ scratch, before }) => {
    const found = createStates(bounds.perCut);
    const { syncs } = bounds;
    const { steps, withinCalls } = await runThrough(path, before, join(scratch, "whole"), { found, syncs });
    for (const [index, what] of steps.entries()) {
      if (bounds.kills(what) && !withinCalls.has(index + 1))
        await runKilled(path, before, join(scratch, `killed-${index + 1}`), index + 1, { found, syncs });
    }
    const states = await found.check(path, scratch);
    return { steps, ...found.counts(), states };
  });
}

type Taken = { readonly found: States; readonly syncs: Bounds["syncs"] };

/** The whole path, undisturbed: what a cut after each of its steps may leave. Returns the steps, and which of them no kill comes after. */
async function runThrough(path: UpdatePath, before: string, root: string, { found, syncs }: Taken) {
  await cp(before, root, { recursive: true });
  const disk = await readDisk(root);
  const reached = new Set<string>();
  const steps: string[] = [];
  const withinCalls = new Set<number>();
  const take = (when: string) => found.take(disk, reached, when);
  const stepNow = (what: string) => {
    steps.push(what);
    take(`after step ${steps.length} (${what})`);
  };
  const step = async (what: string, isWithinCall = false) => {
    stepNow(what);
    if (isWithinCall) withinCalls.add(steps.length);
  };
  await record({ root, disk, stepNow, step, syncs }, () =>
    path.run(root, async (milestone) => {
      reached.add(milestone);
      take(`after step ${steps.length}, once it had ${milestone}`);
    }),
  );
  await holdToDisk(disk, root);
  return { steps, withinCalls };
}

/**
 * The process is killed after step `at`, and what it had not synced is still there for the next one, which does it all
 * again; the power is cut when that one has reached something.
 */
async function runKilled(
  path: UpdatePath,
  before: string,
  root: string,
  at: number,
  { found, syncs }: Taken,
): Promise<void> {
  await cp(before, root, { recursive: true });
  const disk = await readDisk(root);
  const reached = new Set<string>();
  let kill: (error: Killed) => void = () => undefined;
  const killed = new Promise<never>((_, reject) => {
    kill = reject;
  });
  let steps = 0;
  const life: Life = { isOver: false };
  const stepNow = () => {
    steps += 1;
    if (steps < at) return;
    life.isOver = true;
    kill(new Killed());
    throw new Killed();
  };
  const step = () => {
    try {
      stepNow();
      return Promise.resolve();
    } catch {
      return new Promise<never>(() => undefined);
    }
  };
  const first = record({ root, disk, step, stepNow, syncs, life }, () =>
    Promise.race([killed, path.run(root, async (milestone) => void reached.add(milestone))]),
  );
  await first.catch((error: unknown) => {
    if (!(error instanceof Killed)) throw error;
  });
  const usual = { root, disk, step: async () => undefined, stepNow: () => undefined, syncs };
  await record(usual, () =>
    path.run(root, async (milestone) => {
      reached.add(milestone);
      found.take(disk, reached, `killed after step ${at}, begun anew, once it had ${milestone}`);
    }),
  );
  await holdToDisk(disk, root);
}

class Killed extends Error {}
