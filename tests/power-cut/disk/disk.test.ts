/** That the model of a disk is as bad as a disk may be: a control, by ways to write that everybody knows to be wrong. */
import { truncateSync } from "node:fs";
import { mkdir, open, readFile, rename, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { explore, type UpdatePath } from "../explore.ts";

type Write = (path: string, text: string) => Promise<void>;

async function sync(path: string): Promise<void> {
  const handle = await open(path, "r");
  await handle.sync();
  await handle.close();
}

/** A file that says `old`, and is to say `new`. */
const replacing = (write: Write): UpdatePath => ({
  prepare: (root) => writeFile(join(root, "file"), "old"),
  async run(root, reached) {
    await write(join(root, "file"), "new");
    await reached("written it");
  },
  async check(root, reached) {
    expect(reached.size > 0 ? ["new"] : ["old", "new"]).toContain(await readFile(join(root, "file"), "utf8"));
  },
});
const right: Write = async (path, text) => {
  await writeFile(`${path}.new`, text);
  await sync(`${path}.new`);
  await rename(`${path}.new`, path);
  await sync(join(path, ".."));
};

const bounds = { perCut: 100, kills: () => true };

test("a file that is written beside, synced, renamed, and its directory synced, is the old or the new", async () => {
  const { cuts, exhausted, states } = await explore(replacing(right), bounds);
  expect(exhausted).toBe(cuts);
  expect(states).toBeGreaterThan(6);
});

test.each<[string, Write]>([
  ["in place", (path, text) => writeFile(path, text)],
  [
    "without a sync of the file",
    async (path, text) => {
      await writeFile(`${path}.new`, text);
      await rename(`${path}.new`, path);
      await sync(join(path, ".."));
    },
  ],
  [
    "without a sync of the directory",
    async (path, text) => {
      await writeFile(`${path}.new`, text);
      await sync(`${path}.new`);
      await rename(`${path}.new`, path);
    },
  ],
  [
    "after the old one was removed",
    async (path, text) => {
      await rm(path, { force: true });
      await right(path, text);
    },
  ],
])("%s, a cut can leave something else", async (_, write) => {
  await expect(explore(replacing(write), bounds)).rejects.toThrow(/^(after step|killed after step)/);
});

test("a directory that gets its name before its files are safe can be empty, or half there", async () => {
  const names = new Set<string>();
  await explore(
    {
      prepare: async () => undefined,
      async run(root) {
        await mkdir(join(root, "tree.new"));
        await writeFile(join(root, "tree.new", "file"), "0123456789");
        await rename(join(root, "tree.new"), join(root, "tree"));
      },
      async check(root) {
        names.add(await readFile(join(root, "tree", "file"), "latin1").catch(({ code }: { code: string }) => code));
      },
    },
    { perCut: 1000, kills: () => false },
  );
  const torn = ["", "01234", "0123456789", "01234\0\0\0\0\0", "\0\0\0\0\u000056789", "\0".repeat(10)];
  expect([...names].sort()).toEqual([...torn, "ENOENT"].sort());
});

test("what the model does not have is refused, and what passes it by is found", async () => {
  const withRun = (run: UpdatePath["run"]): UpdatePath => ({ ...replacing(right), run });
  await expect(
    explore(
      withRun((root) => truncate(join(root, "file"), 1)),
      bounds,
    ),
  ).rejects.toThrow(/not in the model/);
  await expect(
    explore(
      withRun(async (root) => truncateSync(join(root, "file"), 1)),
      bounds,
    ),
  ).rejects.toThrow(/the model of the disk is not what/);
});
