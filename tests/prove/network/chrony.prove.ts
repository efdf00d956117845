/** The time of a real time server: Debian's chronyd, unpacked and not installed, asked by the program that asks on a board. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { measure } from "../../../runtime/src/asker/time/measure.ts";

const cache = new URL("../../../.cache/chrony/", import.meta.url).pathname;
const chronyd = join(cache, "usr/sbin/chronyd");
const port = 20_123;
const manner = { samples: 4, waitMs: 1_000, spacingMs: 2_000, port };

let directory: string;
let server: ChildProcess;

beforeAll(async () => {
  if ((await execa(chronyd, ["--version"], { reject: false })).failed) await unpack();
  directory = await mkdtemp(join(tmpdir(), "bulkhead-chrony-"));
}, 120_000);
afterAll(async () => {
  await end();
  await rm(directory, { recursive: true, force: true });
});

async function unpack(): Promise<void> {
  await execa("mkdir", ["-p", cache]);
  await execa("apt-get", ["download", "chrony"], { cwd: cache });
  const found = (await readdir(cache)).find((name) => name.endsWith(".deb"));
  await execa("dpkg", ["-x", join(cache, found ?? ""), cache]);
}

async function end(): Promise<void> {
  if (!server || server.exitCode !== null || server.signalCode !== null) return;
  const ended = once(server, "exit");
  server.kill();
  await ended;
}

/** `-x`: it sets no clock. Its configuration is its arguments. */
async function start(...more: string[]): Promise<void> {
  await end();
  const places = [`pidfile ${directory}/pid`, "cmdport 0", "bindcmdaddress /", `port ${port}`, "allow 127.0.0.0/8"];
  server = spawn(chronyd, ["-x", "-d", "-u", "root", ...places, ...more], { stdio: "ignore" });
  await vi.waitFor(
    async () =>
      expect((await execa("cat", ["/proc/net/udp"])).stdout).toContain(`:${port.toString(16).toUpperCase()} `),
    { timeout: 20_000 },
  );
}

test("[K5] chronyd is asked four times, and its time is this machine's within the error", async () => {
  await start("local stratum 8");
  const { time, failure, kisses } = await measure({ timeServers: ["127.0.0.1"] }, manner);
  expect([failure, kisses]).toEqual([null, []]);
  if (!time) throw new Error("no time");
  const nowMs = time.timeMs + (Number(process.hrtime.bigint() / 1000n) - time.monotonicUs) / 1000;
  console.log(`off by ${(nowMs - Date.now()).toFixed(1)} ms, error ${time.errorMs} ms`);
  expect(Math.abs(nowMs - Date.now())).toBeLessThanOrEqual(time.errorMs + 1);
});

test("[K5] a chronyd that has no time itself gives none", async () => {
  await start();
  const { time, failure } = await measure({ timeServers: ["127.0.0.1"] }, manner);
  expect([time, failure]).toEqual([null, expect.stringContaining("does not know the time")]);
});
