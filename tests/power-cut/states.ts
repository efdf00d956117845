/** What cuts may leave, each of it once, and the product started on it. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import type { DirectoryNode } from "./disk/model.ts";
import { remainsOf, type Tree } from "./disk/remains.ts";
import { digestOf, readDisk, writeTree } from "./disk/tree.ts";
import type { Milestones, UpdatePath } from "./update-path.ts";

type State = { readonly tree: Tree; readonly reached: Milestones; readonly when: string };
export type States = ReturnType<typeof createStates>;

/** `perCut`: of what one cut may leave, so much is looked at: all where there is no more, else samples by fast-check. */
export function createStates(perCut: number) {
  const seen = new Map<string, State>();
  let cuts = 0;
  let exhausted = 0;

  return {
    /** A cut may come now, after `reached`. */
    take(disk: DirectoryNode, reached: Milestones, when: string): void {
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
    },
    counts: () => ({ cuts, exhausted }),
    /** Starts the product on each. Throws what is wrong; returns how many there are. */
    async check(path: UpdatePath, scratch: string): Promise<number> {
      for (const [number, state] of [...seen.values()].entries())
        await checkOne(path, state, join(scratch, `state-${number}`));
      return seen.size;
    },
  };
}

function upTo(count: bigint): bigint[] {
  return Array.from({ length: Number(count) }, (_, index) => BigInt(index));
}

/** Nothing of what was not synced, all of it, and some of what is between. */
function samples(count: bigint, most: number, seed: number): bigint[] {
  const between = most > 2 ? fc.sample(fc.bigInt(0n, count - 1n), { numRuns: most - 2, seed }) : [];
  return [0n, count - 1n, ...between].slice(0, most);
}

async function checkOne(path: UpdatePath, { tree, reached, when }: State, root: string): Promise<void> {
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

/** The model has seen everything: what it says is there is there. */
export async function holdToDisk(disk: DirectoryNode, root: string): Promise<void> {
  const { count, at } = remainsOf(disk);
  const model = at(count - 1n);
  const now = remainsOf(await readDisk(root)).at(0n);
  if (model && now && digestOf(model) === digestOf(now)) return;
  throw new Error(`the model of the disk is not what ${root} is`);
}
