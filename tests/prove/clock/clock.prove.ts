/**
 * That a board whose clock went back over a power cut gets its tunnel again, by a real clock that is really set. It runs in a
 * guest (`npm run prove -- guest`), whose clock nobody else lives by, and nowhere else.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateX25519Key } from "@bulkhead/protocol";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
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
import { catchUp, openTunnelTime } from "../../../runtime/src/network/tunnel-time.ts";

const isGuest = process.env["BULKHEAD_GUEST"] === "1";
const dayMs = 24 * 3600 * 1000;
const kmsKey = generateX25519Key();
const key = generateX25519Key();
const addressPrefix = "fd12:3456:789a:1:2:3:1::";

describe.skipIf(!isGuest)("[K13] a board's clock and the tunnel's own time", () => {
  let world: World;
  let gateway: GatewayHandle;
  let device: DeviceHandle;
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "tunnel-time-"));
    world = await openWorld("root");
    await world.attach("gw", `${gatewayAddress}/24`);
    await world.attach("uplink", "10.77.0.2/24");
    gateway = await openGateway(world, kmsKey, { mqtt: 1883 }, 0, "kernel");
    await gateway.startService("mqtt");
    await gateway.start();
    await gateway.setPeers([{ publicKey: key.publicKey, allowedPrefix: `${addressPrefix}/112` }]);
    device = openDevice(world, "uplink", 210_077);
    expect(await device.start(startOfDevice())).toEqual({ ok: true });
  });
  afterAll(async () => {
    await device?.close();
    await gateway?.close();
    await world?.close();
    await rm(directory, { recursive: true, force: true });
  });
  const reach = () => device.connect("c-telemetry", kmsAddress, 1883, { waitMs: 20_000 });

  test("one that went back a day is locked out until the runtime sets it forward, and then is not", async () => {
    const builtAtMs = Date.now() - dayMs;
    expect(await reach()).toMatch(/^mqtt /);
    const beforeMs = Date.now();
    await openTunnelTime(directory).note(beforeMs);
    await execa("date", ["--utc", `--set=@${Math.floor((beforeMs - dayMs) / 1000)}`]);
    expect(Date.now()).toBeLessThan(beforeMs - dayMs / 2);

    await device.restartTunnel();
    expect(await reach()).toBe("TIMEOUT");

    expect(await catchUp(directory, Date.now(), builtAtMs)).toMatch(/was set to it$/);
    expect(Date.now()).toBeGreaterThan(beforeMs);
    await device.restartTunnel();
    expect(await reach()).toMatch(/^mqtt /);
  });

  test("none is set further than two years from what is known, nor back", async () => {
    const nowMs = Date.now();
    await openTunnelTime(directory).note(nowMs + 3 * 365 * dayMs);
    expect(await catchUp(directory, Date.now(), nowMs)).toBeUndefined();
    expect(Math.abs(Date.now() - nowMs)).toBeLessThan(dayMs / 2);
    const ahead = await mkdtemp(join(directory, "behind-"));
    await openTunnelTime(ahead).note(nowMs - dayMs);
    expect(await catchUp(ahead, Date.now(), nowMs)).toBeUndefined();
    expect(Math.abs(Date.now() - nowMs)).toBeLessThan(dayMs / 2);
  });
});

function startOfDevice() {
  const kms = {
    tunnelKey: kmsKey.publicKey,
    endpoint: { host: gatewayAddress, port: gatewayPort },
    address: kmsAddress,
    proxies: { mqtt: 1883 },
  };
  return {
    system: systemWith({ telemetry: ["mqtt"] }),
    provisioning: provisioningWith({ addressPrefix, tunnelKey: key.publicKey, kms }),
    privateKey: Buffer.from(key.privateKey, "base64url").toString("base64"),
    backend: "auto" as const,
  };
}
