/** Releases that were signed, and do harm: a whole device comes back to the one before, with the reason, and can be reached then. */
import type { CoreName, Release } from "@bulkhead/protocol";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Change, openWholeDevice, type WholeDevice } from "./whole/bench.ts";

let device: WholeDevice;
beforeAll(async () => {
  device = await openWholeDevice("provebad");
}, 180_000);
afterAll(() => device?.close(), 60_000);

const window = "update: { window: 15s }";
const withKms = "update: { window: 15s, kms: true }";

/** A core server's limits are the release's word; its program is the installed runtime's. */
const starved =
  (name: CoreName, memoryBytes = 6 * 1024 ** 2) =>
  ({ system }: Release) => {
    const server = system.components[name];
    if (server) server.memoryBytes = memoryBytes;
  };
/** The channel stands, and nothing may be asked over it. */
const silenced =
  (client: CoreName, name: string) =>
  ({ system }: Release) => {
    const channel = system.channels.find((one) => one.client === client && one.name === name);
    expect(channel).toBeDefined();
    if (channel) channel.operations = [];
  };

const bad: Record<string, { change: Change; reason: RegExp }> = {
  "throws at its start": { change: { behaviour: 'throw new Error("broken");' }, reason: /changing/ },
  "ends half a second after it was ready, again and again": {
    change: { behaviour: "setTimeout(() => process.exit(3), 500);" },
    reason: /changing|did not stay ready/,
  },
  "is never ready": {
    change: { behaviour: "return new Promise<void>(() => undefined);", update: window },
    reason: /changing/,
  },
  "hangs half a second after it was ready": {
    change: { behaviour: "setTimeout(() => { for (;;); }, 500);", update: window },
    reason: /changing|did not stay ready/,
  },
  "eats memory from its start on": {
    change: {
      behaviour: "const all: Buffer[] = []; for (;;) all.push(Buffer.alloc(4 * 1024 ** 2, 1));",
      update: window,
    },
    reason: /changing/,
  },
  "eats memory once it is ready": {
    change: {
      behaviour: "const all: Buffer[] = []; setInterval(() => all.push(Buffer.alloc(4 * 1024 ** 2, 1)), 20);",
      update: window,
    },
    reason: /changing|did not stay ready/,
  },
  "leaves the network server no memory, so that there is no tunnel": {
    change: { alter: starved("network"), update: window },
    reason: /network/,
  },
  "keeps the tunnel's key from the network server": {
    change: { alter: silenced("network", "key"), update: window },
    reason: /network/,
  },
  "leaves the agent no memory, so that it dies at each start": {
    change: { alter: starved("kms-agent"), update: window },
    reason: /kms-agent/,
  },
  "leaves the verifier no memory": { change: { alter: starved("verifier"), update: window }, reason: /verifier/ },
  "lets the agent run, and never reach the management service": {
    change: { alter: silenced("kms-agent", "identity"), update: withKms },
    reason: /the management service/,
  },
};

test.each(Object.entries(bad))(
  "[K2] [M11] a release that %s is taken back, and the device answers",
  async (_, { change, reason }) => {
    const before = await device.record();
    const from = (await device.log()).length;
    const beganMs = performance.now();
    const built = await device.release(change);
    const deployedMs = performance.now();
    await device.deploy(built);
    const status = await device.rolledBack(built);
    const backMs = performance.now();
    expect(status.update.reason).toMatch(reason);
    expect(status.release.digest).toBe(before.current.digest);
    const after = await device.record();
    expect(after).toMatchObject({ current: before.current, trying: null });
    expect(after.bad.at(-1)).toMatchObject({ digest: built.releaseDigest });
    const answeredMs = await device.answers();
    expect((await device.log()).slice(from)).toContain("is rolled back");
    const seconds = (ms: number) => (ms / 1000).toFixed(1);
    process.stdout.write(
      `built in ${seconds(deployedMs - beganMs)} s, back ${seconds(backMs - deployedMs)} s after the command, answers in ${seconds(answeredMs)} s: ${status.update.reason}\n`,
    );
  },
);
