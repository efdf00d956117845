/** How a sandbox begins and ends, and that nothing of it stays. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chown, mkdir, open, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { removeCgroups } from "./index.ts";
import { childrenOf, scanChildren } from "./level.ts";
import { type Bench, openBench } from "./testing/harness.ts";
import { waitFor } from "./wait.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

const isAlive = (pid: number) =>
  readFile(`/proc/${pid}/stat`, "utf8").then(
    (stat) => !/\) [ZX] /.test(stat),
    () => false,
  );
const group = (name: string) => `${bench.instance}/${name}`;

describe("[K2] a sandbox", () => {
  test("carries the control channel both ways", async () => {
    const { ask } = await bench.probe({ cgroup: group("control") });
    expect(await ask({ probe: "identity" })).toMatchObject({ hostname: "prober" });
    expect(await ask({ probe: "identity" })).toMatchObject({ pid: 2 });
  });

  test("reports the exit code of the component", async () => {
    const { sandbox, ask } = await bench.probe({ cgroup: group("code") });
    await expect(ask({ probe: "exit", code: 42 })).rejects.toThrow();
    expect(await sandbox.exited).toEqual({ code: 42, signal: null });
  });

  test("reports the signal that ended the component", async () => {
    const { sandbox, ask } = await bench.probe({ cgroup: group("abort") });
    await expect(ask({ probe: "abort" })).rejects.toThrow();
    expect(await sandbox.exited).toEqual({ code: null, signal: "SIGABRT" });
  });

  test("is gone as a whole when it is killed, and killing it twice harms nobody", async () => {
    const { sandbox } = await bench.probe({ cgroup: group("killed") });
    sandbox.kill();
    expect(await sandbox.exited).toEqual({ code: null, signal: "SIGKILL" });
    expect([await isAlive(sandbox.pid), await isAlive(sandbox.componentPid)]).toEqual([false, false]);
    sandbox.kill();
  });

  test("ends when its control channel closes and the component minds it", async () => {
    const { sandbox } = await bench.probe({ cgroup: group("closed") });
    sandbox.control.destroy();
    expect(await sandbox.exited).toEqual({ code: 0, signal: null });
  });

  test("writes what the component says to the descriptor that it was given", async () => {
    const sandbox = await bench.start({
      command: ["/node/bin/node", "-e", "console.log('said'); console.error('complained'); setInterval(() => {}, 1e3)"],
      cgroup: group("output"),
    });
    await waitFor(async () => /said\ncomplained/.test(await bench.log()), 10_000);
    expect(await bench.log()).toMatch(/said\ncomplained/);
    sandbox.kill();
  });
});

describe("[K2] a start that fails", () => {
  test.each([
    [
      "a mount without source",
      { mounts: [{ kind: "ro", source: "/nowhere", target: "/x" }] },
      "COMPONENT_START_FAILED",
    ],
    ["a program that is not there", { command: ["/nowhere"] }, "COMPONENT_START_FAILED"],
    ["a network namespace that is not there", { networkNamespace: "/nowhere" }, "COMPONENT_START_FAILED"],
    ["a layer that cannot be had", { requires: ["cores"], limits: unknownCore() }, "SANDBOX_UNAVAILABLE"],
    ["a uid that nobody may have", { uid: 0 }, "SANDBOX_UNAVAILABLE"],
  ] as const)("because of %s says so and leaves nothing", async (_, spec, code) => {
    await expect(
      bench.start({ ...spec, requires: [...("requires" in spec ? spec.requires : [])], cgroup: group("failed") }),
    ).rejects.toThrow(expect.objectContaining({ code }));
    expect(await childrenNamed("bwrap", group("failed"))).toEqual([]);
    expect(
      await removeCgroups(bench.instance).then((paths) => paths.filter((path) => path.endsWith("/failed"))),
    ).toEqual([]);
  });
});

test("[K2] a starter that is killed leaves no process", async () => {
  const holder = execa(process.execPath, [join(import.meta.dirname, "testing/holder.ts"), "10103"], { reject: false });
  const [line] = await once(holder.stdout, "data");
  const { pid, componentPid, instance, directory } = JSON.parse(String(line));
  expect([await isAlive(pid), await isAlive(componentPid)]).toEqual([true, true]);
  // A component that sees its control channel close may end by itself; one that is stopped cannot.
  process.kill(componentPid, "SIGSTOP");
  holder.kill("SIGKILL");
  await holder;
  const isGone = async () => !(await isAlive(pid)) && !(await isAlive(componentPid));
  expect(await waitFor(isGone, 5000)).toBe(true);
  // What the kill does leave is the control group and the bench's directory; the next start removes the one, we both.
  expect((await removeCgroups(instance)).length).toBeGreaterThan(0);
  await rm(directory, { recursive: true });
});

test("[K7] what the starter inherited by accident does not reach the component", async () => {
  const accident = await open("/etc/hostname");
  // Node itself closes what it inherits up to 15, and goes on from there only to the first gap.
  const gap = Array.from({ length: 97 }, () => "ignore" as const);
  const child = spawn(process.execPath, [join(import.meta.dirname, "testing/holder.ts"), "10105"], {
    stdio: ["ignore", "pipe", "inherit", ...gap, accident.fd],
  });
  const [line] = await once(child.stdout ?? child, "data");
  await once(child, "exit");
  await accident.close();
  const { answers } = JSON.parse(String(line));
  const found = answers.descriptors as { fd: number; target: string }[];
  expect(found).toContainEqual({ fd: 100, target: "/dev/null" });
  expect(found.filter(({ target }) => target.includes("hostname"))).toEqual([]);
});

test("[K2] a starter that is killed while the sandbox is blocked does not let the component run", async () => {
  const place = join(bench.directory, "quitter");
  await mkdir(place);
  await chown(place, 10_104, 10_104);
  const quitter = [join(import.meta.dirname, "testing/quitter.ts"), place, join(bench.directory, "node")];
  const { stdout, signal } = await execa(process.execPath, quitter, { reject: false, timeout: 20_000 });
  expect(signal).toBe("SIGKILL");
  const pid = Number(stdout);
  // Blocked for good, or gone: the reader of the gate sleeps in the kernel's pipe code.
  const isSettled = async () => !(await isAlive(pid)) || /pipe/.test(await readFile(`/proc/${pid}/wchan`, "utf8"));
  expect(await waitFor(isSettled, 5000)).toBe(true);
  expect(await readdir(place)).toEqual([]);
  if (await isAlive(pid)) process.kill(pid, "SIGKILL");
  expect(await waitFor(async () => !(await isAlive(pid)), 5000)).toBe(true);
  expect(await readdir(place)).toEqual([]);
});

test("[K2] children are found with and without the kernel's list of them", async () => {
  const { sandbox } = await bench.probe({ cgroup: group("children") });
  expect(await childrenOf(sandbox.pid)).toEqual([sandbox.componentPid]);
  expect(await scanChildren(sandbox.pid)).toEqual([sandbox.componentPid]);
});

function unknownCore() {
  return {
    memoryBytes: 96 * 1024 ** 2,
    processes: 32,
    cpu: { class: "fair", weight: 100 },
    cores: [255],
  } as const;
}

async function childrenNamed(name: string, groupName: string): Promise<number[]> {
  const found: number[] = [];
  for (const pid of await childrenOf(process.pid)) {
    const comm = await readFile(`/proc/${pid}/comm`, "utf8").catch(() => "");
    const member = await readFile(`/proc/${pid}/cgroup`, "utf8").catch(() => "");
    if (comm.trim() === name && member.includes(groupName)) found.push(pid);
  }
  return found;
}
