import { chmod, mkdir, mkdtemp, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Component } from "@bulkhead/protocol";
import { plainComponent } from "@bulkhead/protocol/testing";
import { execa } from "execa";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { devicePaths } from "../device/index.ts";
import { kvmMounts } from "./kvm-mounts.ts";

const uid = 65_000;
let directory: string;
/** Only root can make device nodes, and not everywhere. */
let hasNodes: boolean;
const device = () => join(directory, "device");
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-kvm-"));
  await mkdir(join(directory, "view"));
  hasNodes = !(await execa("mknod", ["-m", "0600", device(), "c", "10", "232"], { reject: false })).failed;
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** What a guest gets that says `kvm`; its view is a directory of this test's. */
function mountsOf(kvm: Component["kvm"], more: Partial<Component> = {}, owner: number | null = uid, node = device()) {
  const paths = { ...devicePaths({ dataDir: directory, runDir: directory }), view: join(directory, "view") };
  return kvmMounts(paths, "guest", plainComponent({ runner: "vm", ...(kvm && { kvm }), ...more }), owner, node);
}

describe("[K10] the kernel's KVM is shown to a guest", () => {
  test("whose manifest says so, as a node that its uid alone may open", async ({ skip }) => {
    if (!hasNodes) skip();
    for (const kvm of ["preferred", "required"] as const) {
      const source = join(directory, "view/kvm-guest");
      expect(await mountsOf(kvm)).toEqual([{ kind: "dev", source, target: "/dev/kvm" }]);
      expect(await stat(source)).toMatchObject({ uid, mode: 0o20600, rdev: (10 << 8) | 232 });
    }
  });

  test("and not to one that does not say so, nor to what is no guest", async () => {
    expect(await mountsOf(undefined)).toEqual([]);
    expect(await mountsOf("required", { runner: "native" })).toEqual([]);
  });

  test("and not where there is none: who prefers it does without, who requires it does not start", async () => {
    const absent = join(directory, "absent");
    expect(await mountsOf("preferred", {}, uid, absent)).toEqual([]);
    await expect(mountsOf("required", {}, uid, absent)).rejects.toMatchObject({
      code: "COMPONENT_START_FAILED",
      message: expect.stringContaining("which this device has not"),
    });
  });

  test("and as the host has it where we can make no node: to who may open it, and to nobody else", async ({ skip }) => {
    if (!hasNodes) skip();
    await rm(join(directory, "view"), { recursive: true });
    expect(await mountsOf("preferred")).toEqual([]);
    await expect(mountsOf("required")).rejects.toThrow("or not for it");
    await chmod(device(), 0o666);
    expect(await mountsOf("required")).toEqual([{ kind: "dev", source: device(), target: "/dev/kvm" }]);
  });

  test.each([
    ["a link to it", () => symlink(device(), join(directory, "kvm"))],
    ["a file", () => writeFile(join(directory, "kvm"), "")],
    ["memory of the machine", () => symlink("/dev/mem", join(directory, "kvm"))],
    ["another device", () => execa("mknod", [join(directory, "kvm"), "c", "10", "200"])],
    ["a disk of that number", () => execa("mknod", [join(directory, "kvm"), "b", "10", "232"])],
  ])("and never what only has its name: %s", async (what, make) => {
    if (/device|disk/.test(what) && !hasNodes) return;
    await make();
    for (const kvm of ["preferred", "required"] as const) {
      await expect(mountsOf(kvm, {}, uid, join(directory, "kvm"))).rejects.toMatchObject({
        code: "COMPONENT_START_FAILED",
        message: expect.stringContaining("is not the kernel's KVM"),
      });
    }
  });
});
