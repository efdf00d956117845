/**
 * Cuts the power after every step of an update path, and kills the process after every step, lets it go on and cuts the
 * power then. What each cut may leave is made a directory, on which the product is started again.
 */
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { type Life, record } from "./disk/file-system.ts";
import type { DirectoryNode } from "./disk/model.ts";
import { remainsOf, type Tree } from "./disk/remains.ts";
import { digestOf, readDisk, writeTree } from "./disk/tree.ts";

/** What was told to somebody, or acted upon: from then on no power cut may take it back. */
export type Milestones = ReadonlySet<string>;

export type UpdatePath = {
  /** Makes the device as it is before, in the directory `root`, which is there. */
  prepare(root: string): Promise<void>;
  /** As often as it is begun anew, by a process that was killed, it comes to the same end. */
  run(root: string, reached: (milestone: string) => Promise<void>): Promise<void>;
  /** Starts the product on what a cut has left, with the milestones that were reached before it. Throws what is wrong. */
  check(root: string, reached: Milestones): Promise<void>;
};

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

type State = { readonly tree: Tree; readonly reached: Milestones; readonly when: string };

/** Memory, where this machine has it as a file system: what is synced here needs no disk. */
const scratchRoot = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

export async function explore(path: UpdatePath, bounds: Bounds): Promise<Explored> {
  const scratch = await mkdtemp(join(scratchRoot, "bulkhead-cut-"));
  try {
    const before = join(scratch, "before");
    await mkdir(before);
    await path.prepare(before);
    const found = createStates(bounds);
    const { steps, withinCalls } = await runThrough(path, before, join(scratch, "whole"), found);
    for (const [index, what] of steps.entries()) {
      if (bounds.kills(what) && !withinCalls.has(index + 1))
        await runKilled(path, before, join(scratch, `killed-${index + 1}`), index + 1, found);
    }
    for (const [number, state] of found.states().entries()) await check(path, state, join(scratch, `state-${number}`));
    return { steps, ...found.counts(), states: found.states().length };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** The whole path, undisturbed: what a cut after each of its steps may leave. Returns the steps, and which of them no kill comes after. */
async function runThrough(path: UpdatePath, before: string, root: string, found: States) {
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
  await record({ root, disk, stepNow, step, syncs: found.syncs }, () =>
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
async function runKilled(path: UpdatePath, before: string, root: string, at: number, found: States): Promise<void> {
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
  const first = record({ root, disk, step, stepNow, syncs: found.syncs, life }, () =>
    Promise.race([killed, path.run(root, async (milestone) => void reached.add(milestone))]),
  );
  await first.catch((error: unknown) => {
    if (!(error instanceof Killed)) throw error;
  });
  const usual = { root, disk, step: async () => undefined, stepNow: () => undefined, syncs: found.syncs };
  await record(usual, () =>
    path.run(root, async (milestone) => {
      reached.add(milestone);
      found.take(disk, reached, `killed after step ${at}, begun anew, once it had ${milestone}`);
    }),
  );
  await holdToDisk(disk, root);
}

class Killed extends Error {}

/** The model has seen everything: what it says is there is there. */
async function holdToDisk(disk: DirectoryNode, root: string): Promise<void> {
  const { count, at } = remainsOf(disk);
  const model = at(count - 1n);
  const now = remainsOf(await readDisk(root)).at(0n);
  if (model && now && digestOf(model) === digestOf(now)) return;
  throw new Error(`the model of the disk is not what ${root} is`);
}

type States = ReturnType<typeof createStates>;

function createStates({ perCut, syncs }: Bounds) {
  const seen = new Map<string, State>();
  let cuts = 0;
  let exhausted = 0;

  function take(disk: DirectoryNode, reached: Milestones, when: string): void {
    const { count, at } = remainsOf(disk);
    const isAll = count <= BigInt(perCut);
    cuts += 1;
    if (isAll) exhausted += 1;
    for (const number of isAll ? upTo(count) : samples(count, perCut, cuts)) {
      const tree = at(number);
      if (!tree) continue;
      const key = `${digestOf(tree)} ${[...reached].join()}`;
      if (!seen.has(key)) seen.set(key, { tree, reached: new Set(reached), when: `${when}, ${number} of ${count}` });
    }
  }

  return { take, syncs, states: () => [...seen.values()], counts: () => ({ cuts, exhausted }) };
}

function upTo(count: bigint): bigint[] {
  return Array.from({ length: Number(count) }, (_, index) => BigInt(index));
}

/** Nothing of what was not synced, all of it, and some of what is between. */
function samples(count: bigint, most: number, seed: number): bigint[] {
  const between = most > 2 ? fc.sample(fc.bigInt(0n, count - 1n), { numRuns: most - 2, seed }) : [];
  return [0n, count - 1n, ...between].slice(0, most);
}

async function check(path: UpdatePath, { tree, reached, when }: State, root: string): Promise<void> {
  await writeTree(tree, root);
  try {
    await path.check(root, reached);
  } catch (cause) {
    const said = [...reached].join(", ") || "nothing";
    const message = `${when}; it had reached ${said}: ${(cause as Error).message}\n${list(tree).join("\n")}`;
    throw new Error(message, { cause });
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

/** What a cut left, for a person who looks into a failure. */
function list(tree: Tree, path = ""): string[] {
  return [...tree].flatMap(([name, found]) =>
    found instanceof Map
      ? [`  ${path}${name}/`, ...list(found, `${path}${name}/`)]
      : [`  ${path}${name}: ${found.bytes.length} bytes, mode ${found.mode.toString(8)}`],
  );
}
