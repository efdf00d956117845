/**
 * The whole path on the real kernel: component namespace → router → wg0 → uplink → wire → gateway → relay → Unix socket.
 * Two devices, one gateway; at each end wireguard-go, and once more the kernel's WireGuard where the kernel has it.
 */
import { generateX25519Key, type KeyPair } from "@bulkhead/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { planNetwork } from "./plan.ts";
import { type Backend, backends } from "./testing/back-ends.ts";
import { clientProgram, type DeviceHandle, openDevice } from "./testing/device-handle.ts";
import { provisioningWith, systemWith } from "./testing/fixtures.ts";
import { type GatewayHandle, gatewayAddress, gatewayPort, kmsAddress, openGateway } from "./testing/gateway-handle.ts";
import { openWorld, type World } from "./testing/world.ts";

const kmsKey = generateX25519Key();
const keyA = generateX25519Key();
const keyB = generateX25519Key();
const addressA = "fd12:3456:789a:1:2:3:1:";
const addressB = "fd12:3456:789a:1:2:3:2:";
const prefixA = `${addressA}:`;
const prefixB = `${addressB}:`;
const relays = { command: 7001, mqtt: 1883, other: 8883 };
const system = systemWith({ "kms-agent": ["kms"], telemetry: ["mqtt"], climate: [] });
// The router is part 1; the others follow in the order of their names.
const routerA = `${addressA}1`;
const agentA = `${addressA}2`;
const telemetryA = `${addressA}3`;
const telemetryB = `${addressB}3`;
const peers = [
  { publicKey: keyA.publicKey, allowedPrefix: `${prefixA}/112` },
  { publicKey: keyB.publicKey, allowedPrefix: prefixB },
];

let backend: Backend = "userspace";

function startOf(key: KeyPair, addressPrefix: string, proxies: Record<string, number> = { mqtt: 1883, other: 8883 }) {
  const kms = {
    tunnelKey: kmsKey.publicKey,
    endpoint: { host: gatewayAddress, port: gatewayPort },
    address: kmsAddress,
    proxies,
  };
  return {
    system,
    provisioning: provisioningWith({ addressPrefix, tunnelKey: key.publicKey, kms }),
    privateKey: Buffer.from(key.privateKey, "base64url").toString("base64"),
    backend,
  };
}

// Any uid with nothing on this machine: ip, nft and wg need no more than the capability.
const toolsUid = { root: 210_077, rootless: null } as const;
const silence = /^(TIMEOUT|ENETUNREACH|EHOSTUNREACH)$/;

let world: World;
let gateway: GatewayHandle;
let deviceA: DeviceHandle;
let deviceB: DeviceHandle;

async function open(kind: "root" | "rootless", by: Backend): Promise<void> {
  backend = by;
  world = await openWorld(kind);
  await world.attach("gw", `${gatewayAddress}/24`);
  await world.attach("uplink-a", "10.77.0.2/24");
  await world.attach("uplink-b", "10.77.0.3/24");
  gateway = await openGateway(world, kmsKey, relays, kind === "root" ? 0 : 65_534, by);
  for (const name of Object.keys(relays)) await gateway.startService(name);
  await gateway.start();
  expect(await gateway.setPeers(peers)).toBe(200);
  deviceA = openDevice(world, "uplink-a", toolsUid[kind]);
  deviceB = openDevice(world, "uplink-b", toolsUid[kind]);
  expect(await deviceA.start(startOf(keyA, prefixA))).toEqual({ ok: true });
  expect(await deviceB.start(startOf(keyB, prefixB))).toEqual({ ok: true });
}

async function close(): Promise<void> {
  await deviceA?.close();
  await deviceB?.close();
  await gateway?.close();
  await world?.close();
}

function reach(namespace: string, port: number, waitMs = 10_000): Promise<string> {
  return deviceA.connect(namespace, kmsAddress, port, { waitMs });
}

function testPath(): void {
  test("[K13] [M3] a component reaches the port that it was given, and the KMS sees its own address", async () => {
    expect(await reach("c-telemetry", 1883)).toBe(`mqtt ${telemetryA}`);
    expect(await reach("c-kms-agent", 7001)).toBe(`command ${agentA}`);
    expect(await deviceB.connect("c-telemetry", kmsAddress, 1883, { waitMs: 10_000 })).toBe(`mqtt ${telemetryB}`);
  });

  test("[K13] the network server says that the tunnel is up, whoever has made it", async () => {
    await expect.poll(() => deviceA.readLog()).toContain("tunnel up");
    expect(await deviceA.readLog()).toContain(words[backend]);
  });

  test("[K23] [M5] a component reaches nothing else, near or far", async () => {
    const destinations: Record<string, [string, number]> = {
      "another relay": [kmsAddress, 8883],
      "the command channel": [kmsAddress, 7001],
      "a closed port of the KMS": [kmsAddress, 22],
      "a component on the same device": [agentA, 1883],
      "its router": [routerA, 22],
      "a component of another device": [telemetryB, 1883],
      "the gateway on the wire": [`::ffff:${gatewayAddress}`, 1883],
      "its own uplink": ["::ffff:10.77.0.2", 1883],
    };
    const found = await Promise.all(
      Object.entries(destinations).map(async ([what, [host, port]]) => {
        return [what, await deviceA.connect("c-telemetry", host, port, { waitMs: 2_000 })] as const;
      }),
    );
    expect(found.filter(([, outcome]) => !silence.test(outcome))).toEqual([]);
    // And it was not the tunnel that was silent.
    expect(await reach("c-telemetry", 1883)).toBe(`mqtt ${telemetryA}`);
  });

  test("a network server that was killed is replaced, and its tunnel is moved to the router again", async () => {
    if (backend === "kernel") {
      // As one leaves it that is killed before its interface is moved.
      expect(await world.run("uplink-a", ["ip", "link", "add", "wg0", "type", "wireguard"])).toMatchObject({
        failed: false,
      });
    }
    expect(await deviceA.restartTunnel()).toEqual({ ok: true });
    expect(await reach("c-telemetry", 1883)).toBe(`mqtt ${telemetryA}`);
  });
}

const words = { kernel: "the tunnel is the kernel's", userspace: "the tunnel is wireguard-go's" } as const;
const best = backends.findLast(({ isHere }) => isHere)?.backend ?? "userspace";

const here = backends.filter(({ isHere }) => isHere);

describe.each(backends.filter(({ isHere }) => !isHere))("the tunnel ($title)", () => {
  test.skip("is tried where there is one", () => undefined);
});

describe.each(here)("the tunnel without root ($title)", ({ backend: by }) => {
  beforeAll(() => open("rootless", by));
  afterAll(close);
  testPath();
});

describe.each(here)("the tunnel ($title)", ({ backend: by }) => {
  beforeAll(() => open("root", by));
  afterAll(close);
  testPath();

  test(`[K13] left to itself, a device takes the kernel's WireGuard where the kernel has it`, async () => {
    expect(await deviceB.start({ ...startOf(keyB, prefixB), backend: "auto" })).toEqual({ ok: true });
    expect(await deviceB.readLog()).toContain(words[best]);
    expect(await deviceB.connect("c-telemetry", kmsAddress, 1883, { waitMs: 10_000 })).toBe(`mqtt ${telemetryB}`);
    expect(await deviceB.start(startOf(keyB, prefixB))).toEqual({ ok: true });
  });

  test("[K13] an interface that is deleted in the router ends the network server, whose restart makes it anew", async () => {
    await deviceA.run("router", ["ip", "link", "delete", "wg0"]);
    expect(await deviceA.ended()).toEqual({ ok: true });
    expect(await deviceA.readLog()).toContain("the tunnel ended: ");
    expect(await deviceA.restartTunnel()).toEqual({ ok: true });
    expect(await reach("c-telemetry", 1883)).toBe(`mqtt ${telemetryA}`);
  });

  test("[K7] a component cannot use the address of another: the router drops it", async () => {
    await deviceA.run("c-telemetry", ["ip", "address", "add", `${agentA}/128`, "dev", "eth0", "nodad"]);
    expect(await deviceA.connect("c-telemetry", kmsAddress, 7001, { from: agentA })).toBe("TIMEOUT");
    expect(await deviceA.connect("c-telemetry", kmsAddress, 1883, { from: agentA })).toBe("TIMEOUT");
    await deviceA.run("c-telemetry", ["ip", "address", "del", `${agentA}/128`, "dev", "eth0"]);
    expect(await reach("c-telemetry", 1883)).toBe(`mqtt ${telemetryA}`);
  });

  test("[M3] a device whose router was turned against us has its own addresses and no others", async () => {
    await deviceA.run("router", ["nft", "flush ruleset"]);
    const foreign = `${addressB}9`;
    await deviceA.run("router", ["ip", "address", "add", `${foreign}/128`, "dev", "wg0", "nodad"]);
    expect(await deviceA.connect("router", kmsAddress, 1883, { from: foreign })).toBe("TIMEOUT");
    // The same attempt with an address of its own gets through: it was the source that was refused.
    expect(await deviceA.connect("router", kmsAddress, 1883, { from: routerA })).toBe(`mqtt ${routerA}`);
    expect(await deviceA.connect("router", kmsAddress, 22, { from: routerA })).toBe("TIMEOUT");
    await deviceA.run("router", ["ip", "route", "add", `${telemetryB}/128`, "dev", "wg0"]);
    expect(await deviceA.connect("router", telemetryB, 1883, { from: routerA })).toMatch(silence);
    expect(await deviceA.start(startOf(keyA, prefixA))).toEqual({ ok: true });
  });

  test("[K23] the board itself reaches the gateway's WireGuard port on the wire and nothing else", async () => {
    expect(await sendFromUplink(gatewayAddress, gatewayPort)).toBe("SENT");
    expect(await sendFromUplink(gatewayAddress, 53)).toBe("EPERM");
    expect(await sendFromUplink("10.77.0.3", gatewayPort)).toBe("EPERM");
  });

  test("[M5] where the KMS is away, a connection is closed at once instead of left waiting", async () => {
    await gateway.stopService("mqtt");
    expect(await reach("c-telemetry", 1883)).toMatch(/^(CLOSED|ECONNRESET)$/);
    await gateway.startService("mqtt");
    expect(await reach("c-telemetry", 1883)).toBe(`mqtt ${telemetryA}`);
  });

  test("[M+] whoever has the KMS's end of the tunnel, without its rules, connects to nothing on a device", async () => {
    const listening = deviceA.run("c-telemetry", [process.execPath, "-e", listener]);
    const inside = () => deviceA.connect("c-telemetry", "::1", 4000);
    await expect.poll(inside).toBe("HERE");
    // The next test starts the gateway again, with its rules.
    expect(await world.run("gw", ["nft", "flush ruleset"])).toMatchObject({ failed: false });
    const attempts = [
      [telemetryA, 4000],
      [agentA, 4000],
      [routerA, 4000],
    ] as const;
    const found = await Promise.all(attempts.map(([host, port]) => connectFrom("gw", host, port)));
    expect(found.filter((outcome) => !silence.test(outcome))).toEqual([]);
    // Both ends were there: the component still hears itself, and its own connections pass.
    expect(await inside()).toBe("HERE");
    expect(await reach("c-telemetry", 1883)).toBe(`mqtt ${telemetryA}`);
    expect(await deviceA.connect("c-telemetry", "::1", 4001)).toBe("ENDS");
    await listening;
  });

  test("[M3] a gateway that was killed comes back by itself with its peers, and so does the tunnel", async () => {
    await gateway.kill();
    await gateway.start();
    // The device gives up the old session 15 s after it sent something in vain (whitepaper, section 6.2).
    await expect.poll(() => reach("c-telemetry", 1883, 3_000), { timeout: 60_000 }).toBe(`mqtt ${telemetryA}`);
  });

  test("[M3] a device that is taken out of the peers is out, and comes in again when it is put back", async () => {
    expect(await gateway.setPeers(peers.slice(1))).toBe(200);
    expect(await reach("c-telemetry", 1883, 1_000)).toBe("TIMEOUT");
    expect((await gateway.status()).peers.map((peer) => peer.publicKey)).toEqual([keyB.publicKey]);
    expect(await gateway.setPeers(peers)).toBe(200);
    await expect.poll(() => reach("c-telemetry", 1883, 3_000), { timeout: 60_000 }).toBe(`mqtt ${telemetryA}`);
  });

  test("[M3] a device with a key that nobody registered gets no handshake", async () => {
    expect(await deviceB.start(startOf(generateX25519Key(), prefixB))).toEqual({ ok: true });
    expect(await deviceB.connect("c-telemetry", kmsAddress, 1883, { waitMs: 3_000 })).toBe("TIMEOUT");
    // Not one byte came in by the tunnel.
    expect((await deviceB.run("router", ["cat", "/proc/net/dev"])).stdout).toMatch(/wg0: +0 /);
  });

  test("[K23] where a rule set is refused, nothing is forwarded and the error has nft's words", async () => {
    const { system: example, provisioning } = startOf(keyB, prefixB);
    const plan = planNetwork(example, provisioning);
    const steps = plan.board.map((step) => {
      const spoilt = step.namespace === "router" && step.program === "nft";
      return spoilt ? { ...step, input: step.input.replace("chain forward", "chain fwd") } : step;
    });
    expect(await deviceB.apply({ namespaces: plan.namespaces, steps })).toMatchObject({
      ok: false,
      code: "NETWORK_SETUP_FAILED",
      message: expect.stringMatching(/^nft in the network namespace router: .*syntax error/s),
    });
    const setting = await deviceB.run("router", ["cat", "/proc/sys/net/ipv6/conf/all/forwarding"]);
    expect(setting.stdout).toBe("0");
  });
});

const listener = `
const { createServer } = require("node:net");
createServer((socket) => socket.end("HERE")).listen(4000, "::");
createServer((socket) => socket.end("ENDS", () => process.exit())).listen(4001, "::1");
setTimeout(() => process.exit(), 60000);
`;

const datagram = `
const [host, port] = process.argv.slice(1);
require("node:dgram").createSocket("udp4").send("x", Number(port), host, (e) => { console.log(e ? e.code : "SENT"); process.exit(); });
`;

/** As the device's `connect`, from a namespace of the world. */
async function connectFrom(namespace: string, host: string, port: number): Promise<string> {
  return (await world.run(namespace, [process.execPath, "-e", clientProgram, host, `${port}`, "", "1000"])).stdout;
}

async function sendFromUplink(host: string, port: number): Promise<string> {
  return (await world.run("uplink-a", [process.execPath, "-e", datagram, host, `${port}`])).stdout;
}
