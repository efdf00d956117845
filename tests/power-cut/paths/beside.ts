/** The paths of what the root server keeps beside releases and their record: where components store, and how often the board was started anew for a release that does not stay up. */
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { replaceFile } from "../../../runtime/src/generations/durable.ts";
import { openReboots } from "../../../runtime/src/ladder/reboots.ts";
import { preparePlaces, storagePath } from "../../../runtime/src/storage/places.ts";
import { expectDone, type UpdatePath } from "../update-path.ts";

export function besidePaths() {
  return { "a counted reboot": counted(), "the places of storage": places() };
}

const rebootDelaysMs = [1, 2, 3, 4];

/** One that was made is counted; and the count is never one that nobody can read, which forbids all that are left. */
function counted(): UpdatePath {
  const openCount = (root: string) =>
    openReboots({
      config: { dataDir: join(root, "data"), ladder: { rebootDelaysMs, healthyMs: 60_000 } },
      log: { line: () => undefined },
    } as unknown as Parameters<typeof openReboots>[0]);
  const usedIn = async (root: string) => rebootDelaysMs.indexOf((await openCount(root)).nextInMs() ?? 0);
  return {
    async prepare(root) {
      await mkdir(join(root, "data", "state"), { recursive: true });
      await (await openCount(root)).count();
    },
    async run(root, reached) {
      const reboots = await openCount(root);
      // Killed before it was told that one is counted, it counts another: one too few is made then, and never one too many.
      expectDone(await reboots.count(), "counting it");
      await reached("counted it");
    },
    async check(root, reached) {
      const used = await usedIn(root);
      expect(used).toBeGreaterThanOrEqual(reached.size > 0 ? 2 : 1);
      expect(used).toBeLessThanOrEqual(3);
      await (await openCount(root)).count();
      expect((await openCount(root)).nextInMs()).toBe(rebootDelaysMs[used + 1] ?? null);
      await (await openCount(root)).forgive();
      expect(await usedIn(root)).toBe(0);
    },
  };
}

/** A generation gets a place of its own, and the oldest one's is cleared away; what is stored and synced in a place stays, so the place does. */
function places(): UpdatePath {
  const generations = [1, 2, 3] as const;
  const rootOf = (root: string) => join(root, "data", "storage");
  const imageOf = (root: string, generation: number, keep: boolean) =>
    storagePath(rootOf(root), generation, { component: "one", quotaBytes: 1, keep });
  /** As an image gets its name; what writes into it are programs. */
  const store = (path: string, text: string) => replaceFile(path, text, 0o600);
  const [, second, third] = generations;
  return {
    async prepare(root) {
      await mkdir(join(root, "data"));
    },
    async run(root, reached) {
      await preparePlaces(rootOf(root), second, []);
      await store(imageOf(root, second, true), "kept");
      await store(imageOf(root, second, false), "of the second");
      await reached("stored it");
      await preparePlaces(rootOf(root), third, [second]);
      await store(imageOf(root, third, false), "of the third");
      await reached("stored more");
    },
    async check(root, reached) {
      const texts = async () => [
        await readFile(imageOf(root, second, true), "utf8"),
        await readFile(imageOf(root, second, false), "utf8"),
      ];
      if (reached.has("stored it")) expect(await texts()).toEqual(["kept", "of the second"]);
      if (reached.has("stored more")) expect(await readFile(imageOf(root, third, false), "utf8")).toBe("of the third");
      await preparePlaces(rootOf(root), third, []);
      await expect(readFile(imageOf(root, second, false))).rejects.toMatchObject({ code: "ENOENT" });
      if (reached.has("stored it")) expect(await readFile(imageOf(root, second, true), "utf8")).toBe("kept");
    },
  };
}
