/** The agent's way to the slot that runs, on the real kernel: a disk of this machine's, made of a file, in the agent's sandbox. Needs root. */
import { mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { coreImages } from "@bulkhead/protocol";
import { execa } from "execa";
import { expect, onTestFinished, type TestContext, test } from "vitest";
import { openSlots } from "../board/index.ts";
import { type Device, devicePaths } from "../device/index.ts";
import { openBench } from "../sandbox/testing/harness.ts";
import { privilegeOf } from "./privileges.ts";
import { slotMounts } from "./slot-mounts.ts";

const uid = 10_101;

test("[M11] the agent reads the partitions of the slot that runs, and can neither write them nor allow itself to", async (context) => {
  await needNodes(context);
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

/** Skips where not even root may make device nodes (CAP_MKNOD). */
async function needNodes({ skip }: TestContext): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "bulkhead-nodes-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const { failed, stderr } = await makeNode(join(directory, "node"), 0);
  skip(failed, `device nodes cannot be made here: ${stderr}`);
}

/** Local and experimental (admin-guide/devices.txt of the kernel): no driver has them. */
const makeNode = (path: string, minor: number) =>
  execa("mknod", ["-m", "0600", path, "b", "240", `${minor}`], { reject: false });

/** A device with two slots. */
async function deviceOf(slot: "a" | "b", context: TestContext): Promise<{ device: Device; directory: string }> {
  await needNodes(context);
  const directory = await mkdtemp(join(tmpdir(), "bulkhead-slot-mounts-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const place = (name: string) => join(directory, name);
  await mkdir(place("view"));
  const parts = ["boot-a", "root-a", "boot-b", "root-b"];
  await Promise.all(parts.map((name, at) => makeNode(place(name), at)));
  const slots = await openSlots({
    words: `bulkhead.slot=${slot}`,
    records: async () => [place("state-0"), place("state-1")] as const,
    parts: async (one) => ({ boot: place(`boot-${one}`), root: place(`root-${one}`) }),
  });
  const paths = { ...devicePaths({ dataDir: directory, runDir: directory }), view: place("view") };
  const log = { line: (text: string) => expect.fail(text) };
  const config = { instance: "device", board: "virtual" };
  return {
    device: { slots, paths, log, config, host: { cgroup: { version: "none" } } } as unknown as Device,
    directory,
  };
}

test.for(["a", "b"] as const)(
  "[M11] the agent is shown the parts of the slot that runs (%s), which are root's, its to read, and nobody's to write",
  async (slot, context) => {
    const { device, directory } = await deviceOf(slot, context);
    const view = join(directory, "view");
    expect((await privilegeOf("kms-agent", device, uid)).mounts.filter(isOfSlot)).toEqual([
      { kind: "dev", source: join(view, "slot-boot"), target: "/slot/boot" },
      { kind: "dev", source: join(view, "slot-root"), target: "/slot/root" },
    ]);
    for (const part of ["boot", "root"]) {
      const { rdev } = await stat(join(directory, `${part}-${slot}`));
      expect(await stat(join(view, `slot-${part}`))).toMatchObject({ uid: 0, gid: uid, mode: 0o60440, rdev });
    }
  },
);

test("[M11] a board's slots are shown to nobody but the agent", async (context) => {
  const { device } = await deviceOf("a", context);
  const names = [...Object.keys(coreImages), "driver"];
  const shown = await Promise.all(
    names.map(async (name) => ((await privilegeOf(name, device, uid)).mounts.some(isOfSlot) ? [name] : [])),
  );
  expect(shown.flat()).toEqual(["kms-agent"]);
});

const isOfSlot = ({ target }: { readonly target: string }) => target.startsWith("/slot");
