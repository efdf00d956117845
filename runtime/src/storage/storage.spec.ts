/** Storage on the real kernel: loop devices and ext4. Needs root. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { lstat, mkdir, mkdtemp, open, readdir, readFile, rm, stat, statfs, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ensureImage } from "./image.ts";
import { mountStorage, unmountStorage } from "./index.ts";

const MiB = 1024 ** 2;
let directory: string;
let log: string[];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-storage-"));
  log = [];
});
afterEach(async () => {
  await unmountStorage(join(directory, "mounted"));
  await rm(directory, { recursive: true, force: true });
});

type Wish = { quotaBytes?: number; keep?: boolean };
async function mounted(wishes: Record<string, Wish>, generation = 1, needed: number[] = [], options = {}) {
  const storages = await mountStorage({
    root: join(directory, "storage"),
    mountRoot: join(directory, "mounted"),
    generation,
    needed,
    wishes: Object.entries(wishes).map(([component, wish]) => ({
      ...{ component, quotaBytes: 4 * MiB, keep: false },
      ...wish,
    })),
    uidOf: (component) => (component === "one" ? 700_001 : 700_002),
    log: (text) => log.push(text),
    ...options,
  });
  const pairs = Object.keys(wishes).map(async (name) => [name, await storages.of(name)] as const);
  return Object.fromEntries(await Promise.all(pairs));
}
const file = (component: string, name: string) => join(directory, "mounted", component, name);

test("[K14] a component that fills its storage hears ENOSPC at its quota, and its neighbour writes on", async () => {
  const { one } = await mounted({ one: {}, two: {} });
  expect(one?.isLimited).toBe(true);
  const { blocks, bsize } = await statfs(one?.path ?? "");
  expect(blocks * bsize).toBeLessThanOrEqual(4 * MiB);
  await expect(writeFile(file("one", "hoard"), Buffer.alloc(5 * MiB))).rejects.toMatchObject({ code: "ENOSPC" });
  await writeFile(file("two", "reading"), Buffer.alloc(MiB));
  expect((await stat(one?.path ?? "")).uid).toBe(700_001);
  expect((await stat(one?.path ?? "")).mode & 0o777).toBe(0o700);
});

test("[K14] the disk keeps the whole quota free for a component from the start", async () => {
  await mounted({ one: { quotaBytes: 8 * MiB } });
  const image = await stat(join(directory, "storage", "1", "one.ext4"));
  expect(image.size).toBe(8 * MiB);
  expect(image.mode & 0o777).toBe(0o600);
  expect(image.blocks * 512).toBeGreaterThanOrEqual(8 * MiB);
});

test("[K14] what is to be kept outlives an update, everything else starts empty, and a trial that fails finds its own again", async () => {
  await mounted({ one: { keep: true }, two: {} }, 1);
  await writeFile(file("one", "a"), "kept");
  await writeFile(file("two", "a"), "of generation 1");
  await mounted({ one: { keep: true }, two: {} }, 2, [1]);
  expect(await readFile(file("one", "a"), "utf8")).toBe("kept");
  expect(await readdir(join(directory, "mounted", "two"))).toEqual([]);
  await mounted({ one: { keep: true }, two: {} }, 1);
  expect(await readFile(file("two", "a"), "utf8")).toBe("of generation 1");
  await mounted({ one: { keep: true }, two: {} }, 3);
  expect((await readdir(join(directory, "storage"))).sort()).toEqual(["3", "kept"]);
});

test("[K14] what is stored goes with its component to another uid, and a link in it takes nobody else's file along", async () => {
  await mounted({ one: { keep: true } });
  const [others, inside] = [join(directory, "others"), file("one", "own")];
  await mkdir(others);
  await writeFile(join(others, "file"), "another's");
  await writeFile(inside, "its own");
  await symlink(others, file("one", "directory"));
  await symlink(join(others, "file"), file("one", "link"));
  await mounted({ one: { keep: true } }, 2, [], { uidOf: () => 700_003 });
  expect((await stat(inside)).uid).toBe(700_003);
  expect((await lstat(file("one", "link"))).uid).toBe(700_003);
  expect([(await stat(others)).uid, (await stat(join(others, "file"))).uid]).toEqual([0, 0]);
});

test("[K14] a quota can grow with an update, and shrink as long as what is stored fits", async () => {
  await mounted({ one: { keep: true, quotaBytes: 4 * MiB } });
  await writeFile(file("one", "a"), Buffer.alloc(2 * MiB, 7));
  await mounted({ one: { keep: true, quotaBytes: 8 * MiB } }, 2);
  await writeFile(file("one", "b"), Buffer.alloc(3 * MiB));
  await expect(mounted({ one: { keep: true, quotaBytes: 4 * MiB } }, 3)).rejects.toMatchObject({
    code: "COMPONENT_START_FAILED",
  });
  await mounted({ one: { keep: true, quotaBytes: 8 * MiB } }, 2);
  await rm(file("one", "b"));
  const { one } = await mounted({ one: { keep: true, quotaBytes: 4 * MiB } }, 4);
  const { blocks, bsize } = await statfs(one?.path ?? "");
  expect(blocks * bsize).toBeLessThanOrEqual(4 * MiB);
  expect(await readFile(file("one", "a"))).toEqual(Buffer.alloc(2 * MiB, 7));
});

test("[K14] a storage that is damaged beyond repair is set aside and said, not lost and not in the way", async () => {
  await mounted({ one: { keep: true } });
  await unmountStorage(join(directory, "mounted"));
  const image = join(directory, "storage", "kept", "one.ext4");
  const handle = await open(image, "r+");
  await handle.write(Buffer.alloc(4 * MiB, 0x5a), 0, 4 * MiB, 0);
  await handle.close();
  await mounted({ one: { keep: true } });
  await writeFile(file("one", "a"), "works");
  expect(log.join()).toMatch(/storage of one was damaged beyond repair.*one\.ext4\.damaged is kept/);
  expect((await stat(`${image}.damaged`)).size).toBe(4 * MiB);
});

test("[K14] a check that cannot be run, or is ended from outside, says nothing of the image: it stays where it is", async () => {
  const image = join(directory, "one.ext4");
  await ensureImage(image, 2 * MiB);
  const { ino } = await stat(image);
  const { stdout: checker } = await execa("which", ["e2fsck"]);
  const killed = join(directory, "e2fsck");
  await writeFile(killed, "#!/bin/sh\nkill -KILL $$\n", { mode: 0o755 });
  const program = `
    import { ensureImage } from ${JSON.stringify(new URL("image.ts", import.meta.url).href)};
    console.log(await ensureImage(${JSON.stringify(image)}, ${2 * MiB}).then((state) => state.kind, (error) => error.code));`;
  for (const instead of ["/dev/null", killed]) {
    const script = 'mount --bind "$1" "$2" && exec "$3" --input-type=module --eval "$4"';
    const { stdout } = await execa("unshare", [
      ...["--mount", "--", "sh", "-c", script, "sh", instead, checker, process.execPath, program],
    ]);
    expect(stdout).toBe("STORAGE_UNAVAILABLE");
  }
  expect((await stat(image)).ino).toBe(ino);
});

test("[K14] a storage that was mounted and could not be given to its component is what it was when it is tried again", async () => {
  await mounted({ one: { keep: true } });
  await writeFile(file("one", "a"), "still here");
  const wishes = [{ component: "one", quotaBytes: 4 * MiB, keep: true }];
  const place = { root: join(directory, "storage"), mountRoot: join(directory, "mounted"), generation: 1, needed: [] };
  let uid = -5;
  const storages = await mountStorage({ ...place, wishes, uidOf: () => uid, log: (text) => log.push(text) });
  await expect(storages.of("one")).rejects.toMatchObject({ code: "STORAGE_UNAVAILABLE" });
  uid = 700_001;
  expect(await storages.of("one")).toMatchObject({ isLimited: true });
  expect(await readFile(file("one", "a"), "utf8")).toBe("still here");
});

test("[K14] an image of which e2fsck would ask questions is mended without any, and what it still holds is there", async () => {
  await mounted({ one: { keep: true } });
  await mkdir(file("one", "lost"));
  await writeFile(file("one", "lost/b"), "of nobody then");
  await writeFile(file("one", "kept"), "still here");
  await unmountStorage(join(directory, "mounted"));
  const image = join(directory, "storage", "kept", "one.ext4");
  for (const damage of ["clri /lost", "ssv state 2"]) await execa("debugfs", ["-w", "-R", damage, image]);
  const copy = join(directory, "copy.ext4");
  await execa("cp", [image, copy]);
  expect((await execa("e2fsck", ["-p", copy], { reject: false })).exitCode).toBe(4);
  await mounted({ one: { keep: true } });
  expect(await readFile(file("one", "kept"), "utf8")).toBe("still here");
  expect(await readdir(join(directory, "mounted", "one"))).toEqual(["kept", "lost+found"]);
});

test("[K14] a storage that cannot be mounted is the trouble of one component, who is told, and tried again when asked again", async () => {
  await mounted({ one: { keep: true, quotaBytes: 8 * MiB }, two: {} });
  await writeFile(file("one", "a"), Buffer.alloc(5 * MiB));
  const wishes = ["one", "two"].map((component) => ({ component, quotaBytes: 4 * MiB, keep: component === "one" }));
  const options = {
    root: join(directory, "storage"),
    mountRoot: join(directory, "mounted"),
    generation: 1,
    needed: [],
    wishes,
  };
  const storages = await mountStorage({ ...options, uidOf: () => 700_001, log: (text) => log.push(text) });
  await expect(storages.of("one")).rejects.toMatchObject({ code: "COMPONENT_START_FAILED" });
  expect(await storages.of("two")).toMatchObject({ isLimited: true });
  expect(log).toEqual([expect.stringMatching(/^no storage: resize2fs could not prepare .*one\.ext4/)]);
  const [wish] = wishes;
  if (wish) wish.quotaBytes = 8 * MiB;
  expect(await storages.of("one")).toMatchObject({ isLimited: true });
  expect((await stat(file("one", "a"))).size).toBe(5 * MiB);
  await expect(storages.of("three")).resolves.toBeUndefined();
});

test("[K14] a program that does not end is ended, and the storage is there as soon as one does", async () => {
  const image = join(directory, "one.ext4");
  const tooLong = {
    code: "STORAGE_UNAVAILABLE",
    message: expect.stringMatching(/did not end within 1 ms on .*one\.ext4/),
  };
  await expect(ensureImage(image, 64 * MiB, 1)).rejects.toMatchObject(tooLong);
  expect(await readdir(directory)).toEqual([]);
  await ensureImage(image, 64 * MiB);
  await expect(ensureImage(image, 64 * MiB, 1)).rejects.toMatchObject(tooLong);
  expect(await ensureImage(image, 64 * MiB)).toEqual({ kind: "kept" });
});

test("[K14] what was stored is not exchanged for an empty directory where its image cannot be mounted", async () => {
  await mounted({ one: { keep: true } });
  await unmountStorage(join(directory, "mounted"));
  // Blocks that are larger than the kernel's pages: in order for e2fsck, and nothing that can be mounted.
  const image = join(directory, "storage", "kept", "one.ext4");
  await execa("mkfs.ext4", ["-q", "-F", "-b", "65536", image]);
  const found = mounted({ one: { keep: true } });
  await expect(found).rejects.toMatchObject({ code: "STORAGE_UNAVAILABLE" });
});

test("[K14] whenever the making of an image is cut off, the next start has a whole one", async () => {
  const image = join(directory, "one.ext4");
  const program = fileURLToPath(new URL("testing/make-for-ever.ts", import.meta.url));
  for (let round = 0; round < 5; round++) {
    const child = spawn(process.execPath, [program, image, `${2 * MiB}`], {
      stdio: ["ignore", "pipe", "inherit"],
      // A group of its own: a power cut ends mkfs too.
      detached: true,
    });
    await once(child.stdout, "data");
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 60));
    process.kill(-(child.pid ?? 0), "SIGKILL");
    await once(child, "exit");
    const found = await stat(image).catch(() => undefined);
    if (found) expect((await execa("e2fsck", ["-f", "-n", image], { reject: false })).exitCode).toBe(0);
    await ensureImage(image, 2 * MiB);
    expect((await execa("e2fsck", ["-f", "-n", image], { reject: false })).exitCode).toBe(0);
    expect(await readdir(directory)).toEqual(["one.ext4"]);
  }
});

test("[K14] where images cannot be mounted the component gets a directory, and it is said that nothing limits it", async () => {
  await mkdir(join(directory, "mounted"));
  const own = ["--user", "--map-root-user", "--mount", "--"];
  const program = `
    import { mountStorage } from ${JSON.stringify(new URL("index.ts", import.meta.url).href)};
    const storages = await mountStorage({ root: ${JSON.stringify(join(directory, "storage"))}, mountRoot: ${JSON.stringify(join(directory, "mounted"))},
      generation: 1, needed: [], wishes: [{ component: "one", quotaBytes: 4194304, keep: false }], uidOf: () => null, log: console.log });
    console.log(JSON.stringify(await storages.of("one")));`;
  const { stdout } = await execa("unshare", [...own, process.execPath, "--input-type=module", "--eval", program]);
  expect(stdout).toMatch(/no hard limit for the storage of one: .+/);
  expect(JSON.parse(stdout.split("\n").at(-1) ?? "")).toMatchObject({ component: "one", isLimited: false });
});
