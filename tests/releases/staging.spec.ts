/** Whatever the agent leaves in the staging directory, the verifier answers with a code. */
import { execFile } from "node:child_process";
import { mkdir, rename, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { asked, useBench } from "./bench.ts";

const bench = useBench();

describe("hostile staging", () => {
  const run = promisify(execFile);

  test.each<[string, (path: string) => Promise<unknown>]>([
    ["a symbolic link", (path) => symlink("/etc/passwd", path)],
    ["a FIFO", (path) => run("mkfifo", [path])],
    ["a directory", (path) => mkdir(path)],
    ["a giant", (path) => writeFile(path, "").then(() => truncate(path, 2 ** 40))],
    ["an empty file", (path) => writeFile(path, "")],
    ["JSON that is no metadata", (path) => writeFile(path, "[[[]]]")],
  ])("[M11] %s in place of any staged file gives a coded refusal", async (_, replace) => {
    const built = await bench.publish(1);
    const [digest = ""] = built.release.artifacts.map((artifact) => artifact.digest);
    const { metadata, targets, blobs } = bench.device.staging;
    const places = [
      join(metadata, "timestamp.json"),
      join(metadata, "1.snapshot.json"),
      join(metadata, "1.targets.json"),
      join(metadata, "2.root.json"),
      join(targets, `${built.digest}.${built.target}`),
      join(blobs, digest),
    ];
    for (const place of places) {
      await bench.device.stage(built);
      await rm(place, { force: true });
      await replace(place);
      const verdict = await (await bench.device.boot()).install(asked(built));
      expect([place, verdict.accepted]).toEqual([place, false]);
      expect(verdict.code).toMatch(/^RELEASE_/);
      await rm(place, { recursive: true });
    }
    expect(bench.device.told).toEqual([]);
    await bench.device.stage(built);
    expect(await (await bench.device.boot()).install(asked(built))).toMatchObject({ accepted: true });
  });

  test("[M11] a link in place of a staging directory is refused", async () => {
    const built = await bench.publish(1);
    await bench.device.stage(built);
    await rename(bench.device.staging.metadata, `${bench.device.staging.metadata}-moved`);
    await symlink(`${bench.device.staging.metadata}-moved`, bench.device.staging.metadata);
    expect(await (await bench.device.boot()).install(asked(built))).toMatchObject({ code: "RELEASE_INVALID" });
  });

  test("[M11] too many requests at once are refused, the others answered", async () => {
    const built = await bench.publish(1);
    await bench.device.stage(built);
    const gate = await bench.device.boot();
    const answers = await Promise.allSettled(Array.from({ length: 20 }, () => gate.examine(asked(built))));
    expect(answers.filter(({ status }) => status === "fulfilled")).toHaveLength(8);
    for (const answer of answers.slice(8)) expect(answer).toMatchObject({ reason: { code: "IPC_OVERLOADED" } });
  });
});
