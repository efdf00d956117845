/** The agent's way to the slot that runs, on the real kernel: a disk of this machine's, made of a file, in the agent's sandbox. Needs root. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { expect, onTestFinished, test } from "vitest";
import { openSlots } from "../board/index.ts";
import { devicePaths } from "../device/index.ts";
import { openBench } from "../sandbox/testing/harness.ts";
import { slotMounts } from "./slot-mounts.ts";

const uid = 10_101;

test("[M11] the agent reads the partitions of the slot that runs, and can neither write them nor allow itself to", async () => {
  const bench = await openBench(uid);
  onTestFinished(() => bench.close());
  const places: Record<string, string> = {};
  for (const part of ["boot", "root"]) {
    const file = join(bench.directory, `${part}.image`);
    await writeFile(file, Buffer.alloc(8192, `${part} of slot a `));
    const { stdout: disk } = await execa("losetup", ["--find", "--show", file]);
    onTestFinished(async () => {
      await execa("losetup", ["--detach", disk], { reject: false });
    });
    places[part] = disk;
  }
  const slots = await openSlots({
    words: "bulkhead.slot=a",
    records: async () => [join(bench.directory, "state-0"), join(bench.directory, "state-1")] as const,
    parts: async () => ({ boot: places["boot"] ?? "", root: places["root"] ?? "" }),
  });
  const paths = {
    ...devicePaths({ dataDir: bench.directory, runDir: bench.directory }),
    view: join(bench.directory, "view"),
  };
  await mkdir(paths.view);
  const log = { line: (text: string) => expect.fail(text) } as never;
  const mounts = await slotMounts({ slots, paths, log }, uid);
  const { ask } = await bench.probe({ mounts, profile: "agent" });
  const others = await bench.probe({ mounts, uid: uid + 1, name: "other", cgroup: `${bench.instance}/other` });
  for (const part of ["boot", "root"]) {
    const path = `/slot/${part}`;
    expect(String((await ask({ probe: "read", path })).value)).toMatch(
      new RegExp(`^${part} of slot a ${part} of slot a `),
    );
    expect(await ask({ probe: "write", path })).toEqual({ ok: false, code: "EACCES" });
    expect(await ask({ probe: "chmod", path, mode: 0o666 })).toEqual({ ok: false, code: "EPERM" });
    // Another uid that were shown it would not get at it.
    expect(await others.ask({ probe: "read", path })).toEqual({ ok: false, code: "EACCES" });
  }
});
