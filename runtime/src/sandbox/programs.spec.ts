/** That the filters let through what the programs in a sandbox need: every Node that we support, and the board's network tools. */
import { once } from "node:events";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { finished } from "node:stream/promises";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { HostCapabilities } from "./host.ts";
import { nodeMounts } from "./mounts.ts";
import type { Mount, SandboxSpec } from "./spec.ts";
import { type Bench, openBench } from "./testing/harness.ts";

type Answers = Record<string, { status: number; output: string }>;

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

async function answerOf(spec: Partial<SandboxSpec>, host: HostCapabilities = bench.host): Promise<Answers> {
  const sandbox = await bench.start(spec, host);
  const ended = sandbox.exited.then(async () => {
    // Its end may be heard of before its last words are read.
    await finished(sandbox.control, { writable: false }).catch(() => undefined);
    throw new Error(`it ended without an answer: ${await bench.log()}`);
  });
  const [data] = await Promise.race([once(sandbox.control, "data"), ended]);
  ended.catch(() => undefined);
  sandbox.kill();
  await sandbox.exited;
  return JSON.parse(String(data));
}

describe("[K10] under the filter, Node", () => {
  test.each(["board-userns", "own-userns"])("does everything that components do (%s)", async (form) => {
    const host = { ...bench.host, userNamespaces: form === "own-userns" };
    const found = await answerOf({ command: ["/node/bin/node", "/app/exercise.mjs"] }, host);
    expect(found).toEqual({ node: process.version, done: 17, failures: {} });
  });

  test("of the system does it too, where there is another than ours", async (context) => {
    const { stdout: version } = await execa("/usr/bin/node", ["--version"], { reject: false });
    if (!version?.startsWith("v") || version === process.version) return context.skip("there is no other Node here");
    const other = join(bench.directory, "other-node");
    await copyFile("/usr/bin/node", other);
    const mounts = (await nodeMounts(other)).map(
      (mount): Mount => (mount.target === "/node/bin/node" ? { ...mount, target: "/other/node" } : mount),
    );
    const found = await answerOf({ command: ["/other/node", "/app/exercise.mjs"], mounts });
    expect(found).toEqual({ node: version, done: 17, failures: {} });
  });
});

test("[K13] under its filter, the network server runs ip, nft, wg and wireguard-go, and gains nothing else", async () => {
  // A node of our own: the host's may be for root alone, and a component opens it as its own uid.
  const tun = join(bench.directory, "tun");
  await execa("mknod", ["-m", "0666", tun, "c", "10", "200"]);
  const system = ["/usr", "/etc/alternatives"].map((path): Mount => ({ kind: "ro", source: path, target: path }));
  const found = await answerOf({
    capabilities: ["net_admin"],
    command: ["/node/bin/node", "/app/network-tools.mjs"],
    environment: { PATH: "/usr/sbin:/usr/bin" },
    limits: { memoryBytes: 128 * 1024 ** 2, processes: 64, cpu: { class: "fair", weight: 100 } },
    mounts: [
      ...system,
      { kind: "dev", source: tun, target: "/dev/net/tun" },
      { kind: "tmpfs", target: "/var/run", sizeBytes: 1024 ** 2 },
    ],
  });
  for (const name of ["link", "batch", "rules", "listed", "key", "tunnel", "mtu"]) {
    expect([name, found[name]]).toEqual([name, expect.objectContaining({ status: 0 })]);
  }
  expect(found["listed"]?.output).toContain("policy drop");
  for (const name of ["hostname", "mount", "unshare"]) expect([name, found[name]?.status]).not.toEqual([name, 0]);
});
