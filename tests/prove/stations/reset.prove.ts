/** A reset of a board is seen by ssh: a kernel of its own that goes down in the midst of it, and another start of it. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openSshShell, type SshShell } from "../../../hardware-in-loop/target/ssh/shell.ts";
import { watchStartBySsh } from "../../../hardware-in-loop/target/ssh/start.ts";
import { type Linux, makeLinux } from "./linux.ts";
import { findPort } from "./sshd.ts";

const boundMs = 600_000;
let directory: string;
let linux: Linux;
let shell: SshShell;

const processes = () => shell.run("cat /proc/[0-9]*/cmdline 2>/dev/null || true", 60_000);

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-linux-"));
  const path = (name: string) => join(directory, name);
  for (const name of ["host", "bench"]) await execa("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", path(name)]);
  const port = await findPort();
  await writeFile(path("known"), `[127.0.0.1]:${port} ${await readFile(path("host.pub"), "utf8")}`);
  linux = await makeLinux(directory, { hostKey: path("host"), authorized: path("bench.pub"), port });
  const files = { identityFile: path("bench"), knownHostsFile: path("known") };
  const ssh = { host: "127.0.0.1", port, user: "root", sudo: false, ...files };
  shell = await openSshShell({ ssh, file: "desk.yaml" });
  linux.start();
}, boundMs);
afterAll(async () => {
  shell?.close();
  await linux?.cut();
  await rm(directory, { recursive: true, force: true });
});

test("[K19] a board that starts is waited for until its shell answers", async () => {
  await shell.untilThere(240_000).catch((error: unknown) => {
    throw new Error(`its console: ${linux.console().slice(-2000)}`, { cause: error });
  });
  expect(await shell.run("id -un", 60_000)).toBe("root\n");
});

test("[K19] a reset that a command brings about is seen, with when it was", async () => {
  const watch = await watchStartBySsh(shell);
  const startMs = performance.now();
  shell.start("echo b >/proc/sysrq-trigger");
  const { atMs } = await watch.seen(boundMs);
  expect(atMs).toBeGreaterThan(startMs);
  expect(atMs).toBeLessThan(performance.now());
  // What was held of the start before is none of this one's.
  expect(await shell.run("echo on", 60_000)).toBe("on\n");
});

test("[K19] a board that stands still is given up, and is the same one when it goes on", async () => {
  const watch = await watchStartBySsh(shell);
  const running = shell.run("echo begun; sleep 600", 300_000).catch((error: unknown) => error);
  await expect.poll(() => processes(), { timeout: 120_000 }).toContain("sleep\u0000600");
  linux.standStill(true);
  const startMs = performance.now();
  expect(await running).toMatchObject({ code: "TARGET_NOT_REACHED" });
  // ssh asks three times, every five seconds.
  expect(performance.now() - startMs).toBeLessThan(60_000);
  linux.standStill(false);
  await expect(watch.seen(30_000)).rejects.toMatchObject({ code: "TARGET_NOT_REACHED" });
  await shell.run("kill $(busybox pidof sleep)", 60_000);
});

test("[K19] a plug that is pulled in the middle of a command ends that, and the next start is another", async () => {
  const watch = await watchStartBySsh(shell);
  const running = shell.run("echo begun; sleep 600", 300_000).catch((error: unknown) => error);
  await expect.poll(() => processes(), { timeout: 120_000 }).toContain("sleep\u0000600");
  await linux.cut();
  expect(await running).toMatchObject({ code: "TARGET_NOT_REACHED" });
  linux.start();
  await watch.seen(boundMs);
});
