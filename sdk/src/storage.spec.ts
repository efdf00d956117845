import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openStorage } from "./storage.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-sdk-storage-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

test("[K14] a stored file is read as it was written, and is gone when it was removed", async () => {
  const storage = openStorage(directory);
  expect(await storage.read("a")).toBeUndefined();
  await Promise.all([storage.writeAtomic("a", "first"), storage.writeAtomic("a", new Uint8Array([1, 2]))]);
  expect(await storage.read("a")).toEqual(Buffer.from([1, 2]));
  expect(await readdir(directory)).toEqual(["a"]);
  await storage.remove("a");
  await storage.remove("a");
  expect(await storage.read("a")).toBeUndefined();
});

test("[K14] a name that leads out of the storage is refused", async () => {
  const storage = openStorage(directory);
  for (const name of ["../a", "a/b", "", ".", "..", "a\0", "a.new"]) {
    await expect((async () => storage.writeAtomic(name, ""))()).rejects.toMatchObject({
      code: "IPC_ARGUMENTS_INVALID",
    });
  }
});

test("[K14] killed at any moment, a writer leaves the old content or the new and never half of one", async () => {
  const program = fileURLToPath(new URL("testing/write-for-ever.ts", import.meta.url));
  for (let round = 0; round < 8; round++) {
    const child = spawn(process.execPath, [program, directory], { stdio: ["ignore", "pipe", "inherit"] });
    await once(child.stdout, "data");
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 40));
    child.kill("SIGKILL");
    await once(child, "exit");
    const found = Buffer.from((await openStorage(directory).read("state")) ?? "").toString();
    const unit = found.slice(0, found.length / 20_000);
    expect(found).toBe(unit.repeat(20_000));
  }
});

test("[K14] a write that finds no room leaves what was there", async () => {
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", directory]);
  try {
    const storage = openStorage(directory);
    await storage.writeAtomic("a", "old");
    await expect(storage.writeAtomic("a", Buffer.alloc(100_000))).rejects.toMatchObject({ code: "STORAGE_FULL" });
    expect(Buffer.from((await storage.read("a")) ?? "").toString()).toBe("old");
    expect(await readdir(directory)).toEqual(["a"]);
  } finally {
    execFileSync("umount", [directory]);
  }
});
