/** The story of a component in a guest Linux, from its boot to its end: called, flooded with, panicking, killed, stopped. */
import { existsSync } from "node:fs";
import { readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import type { Accelerator, DeviceStatus } from "@bulkhead/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  allReady,
  cleanUp,
  cleanUpAll,
  nextName,
  startIn,
  stateOf,
  until,
  watchStatus,
} from "../../../runtime/src/root-server/testing/bench.ts";
import { flashDevice, type SpecDevice, type SpecWorld } from "../../../runtime/src/root-server/testing/device.ts";
import { bundle } from "../../../studio/src/build/bundle.ts";
import { buildRelease, installRuntimes } from "../../../studio/src/build/index.ts";
import { bulkheadDirectory } from "../../../studio/src/locations.ts";
import { withoutCore } from "../../polyglot/device.ts";

const verifyProgram = join(bulkheadDirectory, "runtime/src/verify/main.ts");

/** Who tells it: by what the guest is run, and of which manifest. */
type Teller = {
  readonly title: string;
  readonly isTold: boolean;
  readonly accelerator: Accelerator;
  readonly manifest: "manifest.yaml" | "by-kvm.yaml";
  /** As that manifest says. */
  readonly floodLines: number;
};

/** One boot for all: the tests are a story. */
export function tellStory({ title, isTold, accelerator, manifest, floodLines }: Teller): void {
  describe.skipIf(!isTold)(title, () => {
    let device: SpecDevice;
    let world: SpecWorld;
    let watch: Awaited<ReturnType<typeof watchStatus>>;
    let start: DeviceStatus;
    const consoles: Record<string, ReturnType<SpecWorld["console"]>> = {};
    const linesOf = (name: string) => consoles[name]?.lines ?? [];
    const says = (name: string, pattern: RegExp) =>
      until(
        () => linesOf(name).find((line) => pattern.test(line)),
        `${pattern} of ${name}; it said ${linesOf(name).slice(-5).join(" | ")}, guest ${linesOf("guest").slice(-5).join(" | ")}`,
      );
    const restart = async (name: string, incarnation: number) => {
      await device.ask(`restart ${name}`);
      return watch.when((now) => allReady(now) && stateOf(now, name)?.incarnation === incarnation);
    };

    beforeAll(async () => {
      device = await flashDevice(nextName(), async (into, platformDir) => {
        const { release } = await buildRelease({
          manifest: join(import.meta.dirname, "system", manifest),
          outDir: into,
          releaseCounter: 1,
        });
        await installRuntimes(release.system, platformDir);
        return withoutCore(release);
      });
      cleanUp.push(() => device.remove());
      // In one file, as a device has it: from its sources it is too slow on an emulated board.
      await bundle("program", verifyProgram, join(device.platformDir, "verify.js"));
      world = startIn(device);
      watch = await watchStatus(world);
      for (const name of ["first", "guest", "last"]) consoles[name] = world.console(name);
      start = await watch.when(allReady).catch((error: Error) => {
        throw new Error(`${error.message}; ${world.lines.join("\n")}; ${linesOf("guest").join("\n")}`);
      });
    });
    afterAll(async () => {
      for (const console of Object.values(consoles)) console.close();
      await cleanUpAll();
    });

    test("has its files, is called and calls, in a sandbox in which verify finds nothing that the system does not say", async () => {
      await says("guest", /here is guest, incarnation 1: a guest of Bulkhead/);
      await says("first", /1: round \d+ by last 1$/);
      expect(await world.line(/verified/)).toMatch(/verified: 5 components run as the system says/);
      expect(stateOf(start, "guest")).toMatchObject({
        accelerator,
        level: { uid: "own", seccomp: true, missing: [] },
      });
    });

    test(accelerator === "kvm" ? "is run by the kernel's KVM" : "is emulated, and has nothing of KVM", async () => {
      const machine = await machineOf(device.instance);
      const descriptors = await Promise.all(
        (await readdir(`/proc/${machine}/fd`)).map((fd) => readlink(`/proc/${machine}/fd/${fd}`).catch(() => "")),
      );
      const ofKvm = descriptors.filter((target) => /kvm/.test(target)).sort();
      const all = ["/dev/kvm", "anon_inode:kvm-vcpu:0", "anon_inode:kvm-vm"];
      expect(ofKvm.filter((target) => all.includes(target))).toEqual(accelerator === "kvm" ? all : []);
      expect(existsSync(`/proc/${machine}/root/dev/kvm`)).toBe(accelerator === "kvm");
    });

    test("meets the next incarnation of who it calls", async () => {
      await restart("last", 2);
      await says("first", /1: round \d+ by last 2$/);
      expect(stateOf(await watch.when(allReady), "guest")).toMatchObject({ incarnation: 1 });
    });

    test("that floods its console and its log goes on, and so does who calls it", async () => {
      await restart("first", 2);
      await says("first", /2: round \d+ by last 2$/);
      await says("guest", new RegExp(`console line ${floodLines - 1}`));
      expect(stateOf(await watch.when(allReady), "guest")).toMatchObject({ incarnation: 1 });
    });

    test("whose kernel panics is restarted, and what the kernel said last stands in its log", async () => {
      await restart("first", 3);
      await world.line(/guest exited with code 1.*restarted/);
      expect(linesOf("guest").join("\n")).toMatch(/warn guest: .*Kernel panic - not syncing: sysrq triggered crash/);
      await says("guest", /error the guest has ended and its program had not/);
      await watch.when((now) => allReady(now) && stateOf(now, "guest")?.incarnation === 2);
      await says("first", /3: round \d+ by last 2$/);
    });

    test("takes and gives more at once than anything on the way holds, and loses nothing of it", async () => {
      await restart("first", 4);
      await says("first", /4: 48 large answers/);
    });

    test("whose machine is killed is restarted, and the channels find it again", async () => {
      process.kill(await machineOf(device.instance), "SIGKILL");
      await world.line(/guest was killed by SIGKILL; it is restarted/);
      await says("guest", /error the virtual machine was ended by signal 9/);
      await watch.when((now) => allReady(now) && stateOf(now, "guest")?.incarnation === 3);
      const before = linesOf("first").length;
      await until(
        () =>
          linesOf("first")
            .slice(before)
            .some((line) => /4: round \d+ by last 2$/.test(line)),
        "a round",
      );
    });

    test("stops in order when it is asked to, and with the device", async () => {
      await restart("guest", 4);
      expect(linesOf("guest").filter((line) => /the guest stops in order/.test(line))).toHaveLength(1);
      world.tell("end");
      expect(await world.ended).toBe(0);
      await says("guest", /incarnation 4/);
      expect(linesOf("guest").filter((line) => /the guest stops in order/.test(line))).toHaveLength(2);
      expect(world.lines.join("\n")).not.toMatch(/did not stop|had to be killed/);
    });
  });
}

/** The pid of QEMU: of the processes of the component, the one that runs its loader. */
async function machineOf(instance: string): Promise<number> {
  for (const pid of (await readdir("/proc")).filter((entry) => /^\d+$/.test(entry))) {
    const groups = await readFile(`/proc/${pid}/cgroup`, "utf8").catch(() => "");
    const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    if (groups.includes(`/${instance}/guest`) && command.startsWith("/qemu/loader")) return Number(pid);
  }
  throw new Error("there is no machine");
}
