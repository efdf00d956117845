import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Component } from "@bulkhead/protocol";
import { plainComponent } from "@bulkhead/protocol/testing";
import { describe, expect, test } from "vitest";
import { executionOf } from "./index.ts";

const runtimesDir = join(tmpdir(), "bulkhead-there-is-none");
const subject = (component: Partial<Component>) => ({
  name: "one",
  component: { ...plainComponent({ image: { artifact: "0".repeat(64), source: "./one" } }), ...component },
  bundle: "/bundles/one",
  nodePath: process.execPath,
  runtimesDir,
  workerHost: "/platform/worker-host",
  hasKvm: false,
});
const bundle = { kind: "ro", source: "/bundles/one", target: "/app" };

describe("[K10] how a runner runs a component", () => {
  test("a freestanding one has its program, no environment, a bare sandbox and the smallest filter", async () => {
    expect(await executionOf(subject({ runner: "native", environment: "freestanding" }))).toEqual({
      command: ["/app/main"],
      environment: {},
      mounts: [bundle],
      profile: "freestanding",
      surroundings: "bare",
    });
  });

  test("a hosted program has no loader and no library either", async () => {
    const execution = await executionOf(subject({ runner: "native", environment: "hosted" }));
    expect(execution).toMatchObject({ mounts: [bundle], profile: "component", surroundings: "hosted" });
  });

  test("a runtime that the device has not is named, with the way out", async () => {
    for (const [runner, name] of [
      ["bun", "bun"],
      ["beam", "erlang"],
      ...(process.arch === "arm" ? [] : [["vm", "qemu"] as const]),
    ] as const) {
      const refused = executionOf(subject({ runner }));
      await expect(refused).rejects.toMatchObject({
        code: "COMPONENT_START_FAILED",
        message: expect.stringContaining(name),
      });
    }
  });

  test("a guest gets of its component's memory what the emulator leaves, a bridge in front, and no network or disk", async () => {
    const platform = await mkdtemp(join(tmpdir(), "bulkhead-vm-runner-"));
    await mkdir(join(platform, "qemu"));
    const made = { ...subject({ runner: "vm", memoryBytes: 176 * 1024 ** 2 }), runtimesDir: platform };
    if (process.arch === "arm") {
      await expect(executionOf(made)).rejects.toMatchObject({ code: "COMPONENT_START_FAILED" });
      return;
    }
    const { command, mounts, profile } = await executionOf(made);
    const byKvm = await executionOf({ ...made, hasKvm: true });
    await rm(platform, { recursive: true });
    expect([command[0], profile]).toEqual(["/app/bridge", "vm"]);
    expect(command.slice(command.indexOf("-m"), command.indexOf("-m") + 2)).toEqual(["-m", "112M"]);
    expect(command).toContain("-nodefaults");
    expect(command.join(" ")).not.toMatch(/netdev|-nic|-drive|blk|-qmp|-monitor|kvm/);
    expect(mounts.map(({ kind, target }) => `${kind} ${target}`)).toEqual(["ro /qemu", "ro /app"]);
    // Emulation has no word in it, so a guest that was shown KVM does not run without.
    expect(byKvm.command.join(" ")).toMatch(/ -cpu host -accel kvm -m 112M /);
    expect(byKvm.command.join(" ")).not.toContain("tcg");
    expect(byKvm.profile).toBe("vm-kvm");
  });
});
