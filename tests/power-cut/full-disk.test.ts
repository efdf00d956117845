/** That a full disk is found out where it does harm: a control, by ways to write that everybody knows to be wrong. */
import { mkdir, open, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { fillUp, isRefusal } from "./full-disk.ts";
import { expectDone, type UpdatePath } from "./update-path.ts";

const bounds = { lackings: ["for good", "once"], perCut: 2 } as const;

/** A file that says `old`, and is to say `new`. */
const replacing = (write: (path: string) => Promise<void>, more: Partial<UpdatePath> = {}): UpdatePath => ({
  prepare: (root) => writeFile(join(root, "file"), "old"),
  async run(root, reached) {
    await write(join(root, "file"));
    await reached("written it");
  },
  async check(root, reached) {
    expect(reached.size > 0 ? ["new"] : ["old", "new"]).toContain(await readFile(join(root, "file"), "utf8"));
  },
  ...more,
});

async function right(path: string): Promise<void> {
  const file = await open(`${path}.new`, "w");
  await file.writeFile("new");
  await file.sync();
  await file.close();
  await rename(`${path}.new`, path);
  const directory = await open(join(path, ".."), "r");
  await directory.sync();
  await directory.close();
}

test("a file that is written beside is the old or the new, and each call that takes room is refused, for good and once", async () => {
  const { calls, endings } = await fillUp(replacing(right), bounds);
  expect(calls).toEqual(["make file.new", "write 3 bytes of file.new", "rename file.new to file"]);
  expect(endings.map(({ call, lacking }) => `${call}, ${lacking}`)).toEqual(
    calls.flatMap((call) => [`${call}, for good`, `${call}, once`]),
  );
  expect(endings.map(({ error }) => (error as NodeJS.ErrnoException).code)).toEqual(
    calls.flatMap(() => ["ENOSPC", "ENOSPC"]),
  );
});

test("a file that is written in its place is half a file", async () => {
  await expect(
    fillUp(
      replacing((path) => writeFile(path, "new")),
      bounds,
    ),
  ).rejects.toThrow(/no room to write 3 bytes of file/);
});

test("who says that it is written where it is not is found, unless that is said to be in memory alone", async () => {
  const careless = (path: string) => right(path).catch(() => undefined);
  await expect(fillUp(replacing(careless), bounds)).rejects.toThrow(/no room to make file.new.* reached written it/s);
  const known = replacing(careless, { notWrittenWhenFull: ["written it"] });
  expect((await fillUp(known, bounds)).endings.map(({ error }) => error)).toEqual(Array(6).fill(undefined));
});

test("work that is not done ends a path without room; whatever else goes wrong there is a fault", async () => {
  const ending = async (wrong: () => void) => {
    const { endings } = await fillUp(
      replacing((path) => right(path).catch(wrong)),
      { lackings: ["once"], perCut: 1 },
    );
    return endings.map(({ error }) => isRefusal(error));
  };
  expect(await ending(() => expectDone(false, "writing"))).toEqual([true, true, true]);
  expect(await ending(() => expect("this").toBe("that"))).toEqual([false, false, false]);
  const lost = () => {
    throw new Error("no idea");
  };
  expect(await ending(lost)).toEqual([false, false, false]);
});

test("a path that takes no room is none to try", async () => {
  const idle = replacing(async (path) => void (await readFile(path)), { check: async () => undefined });
  await expect(fillUp(idle, bounds)).rejects.toThrow(/takes no room/);
});

test("what is written within a partition takes none", async () => {
  const path = replacing(
    async (file) => {
      const partition = await open(join(file, "../disk/part"), "r+");
      await partition.write(Buffer.from("new"), 0, 3, 0);
      await partition.close();
      await right(file);
    },
    {
      async prepare(root) {
        await mkdir(join(root, "disk"));
        for (const name of ["file", "disk/part"]) await writeFile(join(root, name), "old");
      },
    },
  );
  expect((await fillUp(path, bounds)).calls).toHaveLength(3);
});
