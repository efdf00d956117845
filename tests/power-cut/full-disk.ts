/**
 * Takes the room from a disk before each call of an update path that needs some: for good, or for this one call. However the path ends, the power is cut then, and
 * the product is started on what is left, with room again.
 */
import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import { isFull } from "@bulkhead/protocol";
import { type Life, record } from "./disk/file-system.ts";
import { readDisk } from "./disk/tree.ts";
import { createStates, holdToDisk, type States } from "./states.ts";
import { inScratch, NotDone, type UpdatePath } from "./update-path.ts";

export type Lacking = "for good" | "once";

export type Ending = {
  /** The call that there was no room for. */
  readonly call: string;
  readonly lacking: Lacking;
  /** What the path ended with; undefined where it came to its end all the same. */
  readonly error: unknown;
};

export type Filled = {
  readonly calls: readonly string[];
  readonly endings: readonly Ending[];
  readonly states: number;
};

export type FullBounds = {
  readonly lackings: readonly Lacking[];
  /** Of what the cut may leave: 1 is nothing of what was not synced, 2 that and all of it. */
  readonly perCut: 1 | 2;
};

/** A partition has its size: what is written within it takes no room. */
const isPartition = (call: string) => /^write \d+ bytes of disk\//.test(call);

/** Throws what is wrong with what a full disk left. */
export function fillUp(path: UpdatePath, { lackings, perCut }: FullBounds): Promise<Filled> {
  return inScratch(path, async ({ scratch, before }) => {
    const calls: string[] = [];
    const trial = { path, before, root: join(scratch, "whole"), found: createStates(0) };
    const note = (call: string) => {
      if (!isPartition(call)) calls.push(call);
      return true;
    };
    const error = await runWith(trial, note, "with room");
    if (error !== undefined) throw error;
    if (calls.length === 0) throw new Error("the path takes no room, so nothing would be tried");

    const found = createStates(perCut);
    const endings: Ending[] = [];
    for (const [at, call] of calls.entries()) {
      for (const lacking of lackings) {
        const root = join(scratch, `full-${at}-${lacking}`);
        const when = `no room to ${call}, call ${at + 1} of ${calls.length}, ${lacking}`;
        let number = -1;
        const hasRoom = (one: string) => {
          if (isPartition(one)) return true;
          number += 1;
          return lacking === "once" ? number !== at : number < at;
        };
        endings.push({ call, lacking, error: await runWith({ path, before, root, found }, hasRoom, when) });
        await rm(root, { recursive: true });
      }
    }
    return { calls, endings, states: await found.check(path, scratch) };
  });
}

/** Whether a path may end so: it came to its end, or says that there is no room, or found its work not done. */
export function isRefusal(error: unknown): boolean {
  if (error === undefined || isFull(error)) return true;
  if (!(error instanceof Error)) return false;
  return error instanceof NotDone || ("code" in error && error.code === "STORAGE_FULL");
}

type Trial = { readonly path: UpdatePath; readonly before: string; readonly root: string; readonly found: States };

/** Returns what the path threw. */
async function runWith(
  { path, before, root, found }: Trial,
  hasRoom: (call: string) => boolean,
  when: string,
): Promise<unknown> {
  await cp(before, root, { recursive: true });
  const disk = await readDisk(root);
  const reached = new Set<string>();
  const life: Life = { isOver: false };
  let wasFull = false;
  const isRoom = (call: string) => {
    const has = hasRoom(call);
    wasFull ||= !has;
    return has;
  };
  const ports = { root, disk, life, hasRoom: isRoom, step: async () => undefined, stepNow: () => undefined };
  const error: unknown = await record(ports, async () => {
    try {
      return await path.run(root, async (milestone) => {
        if (!wasFull || !path.notWrittenWhenFull?.includes(milestone)) reached.add(milestone);
      });
    } catch (thrown) {
      return thrown;
    } finally {
      // What still goes on of it is not waited for: the power is cut.
      life.isOver = true;
      found.take(disk, reached, when);
    }
  });
  await holdToDisk(disk, root);
  return error;
}
