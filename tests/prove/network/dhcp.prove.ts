/**
 * A board whose rules stand before it has an address: it gets one, and its resolver, by DHCP, finds its gateway by name, and keeps its
 * lease. Server and client are Debian's: dnsmasq, which answers for names as well, and busybox's udhcpc.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateX25519Key } from "@bulkhead/protocol";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { openTools, type Tools } from "../../../hardware-in-loop/emulated/tools.ts";
import { type Backend, backends } from "../../../runtime/src/network/testing/back-ends.ts";
import { readCables, watchCables } from "../../../runtime/src/network/testing/cables.ts";
import { type DeviceHandle, openDevice } from "../../../runtime/src/network/testing/device-handle.ts";
import { provisioningWith, systemWith } from "../../../runtime/src/network/testing/fixtures.ts";
import {
  type GatewayHandle,
  gatewayAddress,
  gatewayPort,
  kmsAddress,
  openGateway,
} from "../../../runtime/src/network/testing/gateway-handle.ts";
import { openWorld, type World } from "../../../runtime/src/network/testing/world.ts";

const gatewayName = "gw.example.com";
const server = "10.77.0.53";
const relays = { mqtt: 1883 };
const patience = { timeout: 120_000, interval: 200 };

/** udhcpc calls it with what happened; what the server said is in its environment. */
const script = (directory: string) => `#!/bin/sh
case "$1" in
  deconfig) ip -4 address flush dev "$interface" ;;
  bound|renew)
    ip address replace "$ip/24" dev "$interface"
    for address in $dns; do echo "nameserver $address"; done > ${directory}/resolv.conf ;;
esac
echo "$1 $ip" >> ${directory}/events
`;

describe.each(backends)("a board's lease ($title)", ({ backend, isHere }) => {
  describe.skipIf(!isHere)("", () => suite(backend));
});

function suite(backend: Backend): void {
  let tools: Tools;
  let directory: string;
  let world: World;
  let gateway: GatewayHandle;
  let device: DeviceHandle;
  const running: ChildProcess[] = [];
  let serverLog = "";

  const start = (namespace: string, argv: readonly string[]) => {
    const [command = "", ...args] = [...world.enter(namespace), ...argv];
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
    running.push(child);
    return child;
  };
  const events = () => readFile(join(directory, "events"), "utf8").catch(() => "");

  beforeAll(async () => {
    tools = await openTools(["dnsmasq-base", "busybox-static"]);
    directory = await mkdtemp(join(tmpdir(), "lease-"));
    await writeFile(join(directory, "script"), script(directory));
    await chmod(join(directory, "script"), 0o755);
    world = await openWorld("root");
    await world.attach("gw", `${gatewayAddress}/24`);
    await world.attach("lan", `${server}/24`);
    await world.attach("board", "10.77.0.2/24");
    await world.run("board", ["ip", "address", "del", "10.77.0.2/24", "dev", "eth0"]);
    const kmsKey = generateX25519Key();
    const key = generateX25519Key();
    gateway = await openGateway(world, kmsKey, relays, 0, backend);
    await gateway.startService("mqtt");
    await gateway.start();
    await gateway.setPeers([{ publicKey: key.publicKey, allowedPrefix: "fd12:3456:789a:1:0:0:1::/112" }]);
    const daemon = start("lan", [
      ...tools.command("usr/sbin/dnsmasq"),
      ...[
        "--keep-in-foreground",
        "--conf-file=/dev/null",
        "--no-hosts",
        "--no-resolv",
        "--user=root",
        "--log-facility=-",
      ],
      ...["--log-queries", "--log-dhcp", "--interface=eth0", "--bind-interfaces", "--pid-file="],
      ...["--dhcp-range=10.77.0.100,10.77.0.150,255.255.255.0,120", `--dhcp-option=option:dns-server,${server}`],
      ...[`--dhcp-leasefile=${join(directory, "leases")}`, `--host-record=${gatewayName},${gatewayAddress},60`],
    ]);
    for (const stream of [daemon.stdout, daemon.stderr]) stream.on("data", (chunk) => (serverLog += chunk));
    device = openDevice(world, "board", 210_077);
    const endpoint = { host: gatewayName, port: gatewayPort };
    const kms = { tunnelKey: kmsKey.publicKey, endpoint, address: kmsAddress, proxies: relays };
    const started = await device.start({
      system: systemWith({ telemetry: ["mqtt"] }),
      provisioning: provisioningWith({ addressPrefix: "fd12:3456:789a:1:0:0:1::", tunnelKey: key.publicKey, kms }),
      privateKey: Buffer.from(key.privateKey, "base64url").toString("base64"),
      backend,
      resolvers: join(directory, "resolv.conf"),
    });
    expect(started).toEqual({ ok: true });
    expect((await world.run(null, ["nft", watchCables(["board"])])).stderr).toBe("");
  });
  afterAll(async () => {
    await device?.close();
    await gateway?.close();
    await world?.close();
    for (const child of running) child.kill("SIGKILL");
    await rm(directory, { recursive: true, force: true });
  });

  test("[K13] without a lease it knows no resolver, says so, and asks nobody", async () => {
    await vi.waitFor(async () => {
      expect((await device.gateway())?.failure).toBe("this board knows no resolver");
    }, patience);
  });

  test("[K13] [K23] it gets a lease through rules that drop all else, and its gateway by name", async () => {
    const busybox = tools.path("usr/bin/busybox");
    const client = [
      "udhcpc",
      "-f",
      "-i",
      "eth0",
      "-s",
      join(directory, "script"),
      "-p",
      join(directory, "pid"),
      // dnsmasq looks for 3 s whether an address is taken.
      ...["-T", "4", "-A", "1"],
    ];
    start("board", [busybox, ...client]);
    await vi.waitFor(async () => expect(await events()).toMatch(/^bound 10\.77\.0\.1\d\d$/m), patience);
    await vi.waitFor(async () => {
      expect(await device.connect("c-telemetry", kmsAddress, relays.mqtt, { waitMs: 3_000 })).toMatch(/^mqtt /);
    }, patience);
    expect(await device.gateway()).toMatchObject({ address: gatewayAddress, from: "answer", failure: null });
    expect(serverLog).toMatch(/query\[A\] gw\.example\.com from 10\.77\.0\.1\d\d/);
  });

  test("[K23] it renews its lease with the server that gave it", async () => {
    const pid = (await readFile(join(directory, "pid"), "utf8")).trim();
    const before = serverLog.match(/DHCPACK/g)?.length ?? 0;
    await world.run(null, ["kill", "-USR1", pid]);
    await vi.waitFor(async () => expect(await events()).toMatch(/^renew 10\.77\.0\.1\d\d$/m), patience);
    expect(serverLog.match(/DHCPACK/g)?.length).toBeGreaterThan(before);
  });

  test("[K23] all that left it were DHCP, questions for the gateway's name, and packets to the gateway", async () => {
    const isOfDiscovery = (frame: string) => /^others6 ff02:.* \. 58$|^sent_types 0x86dd$/.test(frame);
    expect((await readCables(world)).filter((frame) => !isOfDiscovery(frame))).toEqual(
      [
        `sent_ports ${gatewayAddress} . 17 . ${gatewayPort}`,
        `sent_ports ${server} . 17 . 53`,
        `sent_ports ${server} . 17 . 67`,
        "sent_ports 255.255.255.255 . 17 . 67",
        "sent_types 0x0800",
        "sent_types 0x0806",
      ].sort(),
    );
    const names = [...serverLog.matchAll(/query\[(\w+)\] (\S+) from/g)].map(
      ([, type, name]) => `${type} ${name?.toLowerCase()}`,
    );
    expect([...new Set(names)].sort()).toEqual([`A ${gatewayName}`, `AAAA ${gatewayName}`]);
  });
}
