/** That the model of a disk is as bad as a disk may be: a control, by ways to write that everybody knows to be wrong. */
import { constants, truncateSync, writeFileSync } from "node:fs";
import { mkdir, open, readdir, readFile, rename, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { explore } from "../explore.ts";
import type { UpdatePath } from "../update-path.ts";

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

test("what is written within a file leaves its length, and of each block the old or the new", async () => {
  const old = Buffer.alloc(3 * 4096, "o");
  const found = new Set<string>();
  const { cuts, exhausted } = await explore(
    {
      prepare: (root) => writeFile(join(root, "disk"), old),
      async run(root) {
        const file = await open(join(root, "disk"), "r+");
        await file.write(Buffer.alloc(2 * 4096, "n"), 0, 2 * 4096, 0);
        await file.close();
      },
      async check(root) {
        const left = await readFile(join(root, "disk"), "latin1");
        found.add(
          [0, 4096, 8192, 12_288]
            .map((at) => left.slice(at, at + 4096))
            .map(kindOf)
            .join(""),
        );
      },
    },
    { perCut: 100, kills: () => false },
  );
  expect(exhausted).toBe(cuts);
  expect([...found].sort()).toEqual(["nno", "noo", "ono", "ooo"]);
});

test("a process is not killed in the middle of a synchronous write: the one after it finds it on the disk, or not begun", async () => {
  const written = new Set<string>();
  const { steps } = await explore(
    {
      prepare: (root) => writeFile(join(root, "disk"), "old"),
      async run(root, reached) {
        const before = await readFile(join(root, "disk"), "utf8");
        const file = await open(join(root, "disk"), constants.O_WRONLY | constants.O_SYNC);
        if (before === "old") await file.write(Buffer.from("new"), 0, 3, 0);
        await file.close();
        await reached(`found ${before}`);
      },
      check: async (root, reached) =>
        void written.add(`${[...reached].join()}: ${await readFile(join(root, "disk"), "utf8")}`),
    },
    { perCut: 100, kills: () => true },
  );
  expect(steps).toEqual(["write 3 bytes of disk at 0", "sync disk"]);
  expect(written).toContain("found new: new");
  expect(written).not.toContain("found new: old");
});

test("what was killed and goes on all the same does not reach the disk of the process after it", async () => {
  let runs = 0;
  const { states } = await explore(
    {
      prepare: async () => undefined,
      async run(root, reached) {
        const number = ++runs;
        try {
          writeFileSync(join(root, "file"), "new");
        } catch {
          // As a library does that has an error of its own for it.
        }
        for (let turns = 0; turns < 3; turns += 1) await readFile(join(root, "file"));
        await writeFile(join(root, `of run ${number}`), "");
        await reached(`written by ${number}`);
      },
      async check(root) {
        // The first goes through, the second is killed, the third begins anew.
        expect(await readdir(root)).not.toContain("of run 2");
      },
    },
    { perCut: 100, kills: (step) => step === "make file" },
  );
  expect(runs).toBe(3);
  expect(states).toBeGreaterThan(3);
});

const kindOf = (block: string) => [...new Set(block)].join("");
