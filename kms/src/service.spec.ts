import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { partAddress } from "@bulkhead/protocol";
import { execa } from "execa";
import { MqttClient } from "mqtt";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { testUid } from "./fixtures/database.ts";
import { connectDevice, relayFrom } from "./fixtures/device.ts";
import { startKmsProcess } from "./fixtures/process.ts";
import { createWorld, uploadReleases, type World } from "./fixtures/world.ts";

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.remove());

const wait = { timeout: 15_000, interval: 50 };

describe("[M19] the KMS as a process", () => {
  it("asks a new database nothing before its tables are there", async () => {
    const health = async () => (await world.kms.call("GET", "/health")).body["gateway"];
    await vi.waitFor(async () => expect(await health()).toBe("up"), wait);
    expect(world.kms.log()).not.toContain("does not exist");
  });

  it("loses nothing that it stored when it is killed, while PostgreSQL goes on", async () => {
    const device = await world.enrol("survivor");
    const { deviceId } = device.provisioning;
    const options = { ...device, socketPath: world.deviceSocket };
    await uploadReleases(world, 1);
    const channel = await connectDevice(options);
    const line = { sequence: 1, atMs: 1, component: "fan", stream: "out" as const, text: "kept" };
    channel.send({ type: "log", lines: [line], dropped: 0 });
    const read = async (path: string) => (await world.kms.call("GET", path)).body;
    await vi.waitFor(
      async () => expect(await read(`/devices/${deviceId}/logs`)).toMatchObject({ lines: [line] }),
      wait,
    );
    const command = { command: { kind: "restart-runtime" } };
    const { body } = await world.kms.call("POST", `/devices/${deviceId}/commands`, command);
    const before = [await read("/releases"), await read("/instance"), await read(`/devices/${deviceId}/logs`)];

    await world.kms.kill("SIGKILL");
    await channel.closed;
    world.gateway.forget();
    await world.restartKms();

    expect([await read("/releases"), await read("/instance"), await read(`/devices/${deviceId}/logs`)]).toEqual(before);
    const again = await connectDevice(options);
    expect((await again.next("command")).envelope.id).toBe((body["command"] as { id: string }).id);
    await vi.waitFor(() => expect(world.gateway.peers()).toHaveLength(1), wait);
    again.socket.close();
  });

  it("tells a gateway that was restarted who may connect", async () => {
    world.gateway.forget();
    await vi.waitFor(() => expect(world.gateway.peers()).toHaveLength(1), wait);
    await vi.waitFor(async () => {
      expect((await world.kms.call("GET", "/devices")).body).toMatchObject({
        devices: [{ tunnel: { latestHandshakeMs: 1234 } }],
      });
    }, wait);
  });

  it("says that the database is away instead of saying that nothing is there, and comes back by itself", async () => {
    const peers = world.gateway.peers();
    await world.database.stop();
    const away = { status: 503, body: { code: "DATABASE_UNAVAILABLE" } };
    for (const path of ["/health", "/devices", "/releases"])
      expect(await world.kms.call("GET", path)).toMatchObject(away);
    expect(world.gateway.peers()).toEqual(peers);
    await world.database.restart();
    await vi.waitFor(async () => expect(await world.kms.call("GET", "/health")).toMatchObject({ status: 200 }), wait);
    expect((await world.kms.call("GET", "/devices")).body["devices"]).toHaveLength(1);
  });

  it("starts before its database is there, and serves when it comes", async () => {
    await world.kms.kill("SIGTERM");
    await world.database.stop();
    const starting = world.restartKms();
    await world.database.restart();
    await starting;
    expect((await world.kms.call("GET", "/devices")).body["devices"]).toHaveLength(1);
  });

  it.runIf(process.getuid?.() === 0)(
    "works as the unprivileged user of its database, with a private key it cannot read",
    async () => {
      await world.kms.kill("SIGTERM");
      await execa("chown", ["-R", `${testUid}:${testUid}`, world.config.stateDir, world.config.runDir]);
      await execa("chown", ["0:0", join(world.config.stateDir, "tunnel.key")]);
      world.kms = await startKmsProcess(world.config, testUid);
      expect((await world.kms.call("GET", "/devices")).body["devices"]).toHaveLength(1);
      expect(await readFile(`/proc/${world.kms.pid}/status`, "utf8")).toMatch(
        new RegExp(`Uid:\\s+${testUid}\\s+${testUid}`),
      );
    },
  );

  it("ends in order on SIGTERM, open channels and event streams or not", async () => {
    const device = await world.enrol("left");
    const channel = await connectDevice({ ...device, socketPath: world.deviceSocket });
    const stream = await fetch(`${world.kms.url}/api/v1/events`, {
      headers: { authorization: `Bearer ${world.kms.token}` },
    });
    expect(await world.kms.kill("SIGTERM")).toBe(0);
    await channel.closed;
    await stream.text().catch(() => undefined);
    await world.restartKms();
  });

  it("takes no more memory than a laptop notices, with its database", async () => {
    const kib = await Promise.all([world.kms.pid, ...(await postgresPids())].map(proportionalKib));
    expect(kib.length).toBeGreaterThan(4);
    const sumMib = kib.reduce((sum, one) => sum + one, 0) / 1024;
    expect(sumMib).toBeGreaterThan(50);
    expect(sumMib).toBeLessThan(200);
  });
});

/** From its file: the pid changed with every restart. */
async function postgresPids(): Promise<number[]> {
  const file = await readFile(join(world.database.stateDir, "postgres/data/postmaster.pid"), "utf8");
  const postmaster = Number(file.split("\n")[0]);
  const children = (await execa("pgrep", ["-P", `${postmaster}`], { reject: false })).stdout
    .split("\n")
    .filter(Boolean);
  return [postmaster, ...children.map(Number)];
}

/** Memory of a process with its share of what it shares. */
async function proportionalKib(pid: number): Promise<number> {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, "utf8").catch(() => "");
  return Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? 0);
}

describe("[M5] proxies", () => {
  const proxySocket = () => join(world.config.runDir, "proxy-mqtt.sock");

  async function client(name: string) {
    const { provisioning } = await world.enrol(name);
    const source = partAddress(provisioning.addressPrefix, 3);
    const stream = () => relayFrom(proxySocket(), source);
    return { source, id: provisioning.deviceId, stream };
  }

  it("lets a device's MQTT client publish, and shows whose message it was", async () => {
    const one = await client("publisher");
    const mqtt = new MqttClient(() => one.stream(), { clientId: "telemetry", reconnectPeriod: 100 });
    mqtt.on("error", () => undefined);
    mqtt.connect();
    await mqtt.publishAsync("greenhouse/climate", '{"temperatureMilliC":21000}', { qos: 1, retain: true });
    const message = { deviceId: one.id, topic: "greenhouse/climate", payload: '{"temperatureMilliC":21000}' };
    await vi.waitFor(async () => {
      const { topics } = (await world.kms.call("GET", "/telemetry")).body as { topics: { messages: unknown[] }[] };
      expect(topics.flatMap(({ messages }) => messages)).toContainEqual(expect.objectContaining(message));
    }, wait);
    await mqtt.endAsync(true);
  });

  it("closes who is no device, who does not say who it is, and who sends a giant packet, and nobody else", async () => {
    const one = await client("neighbour");
    const closes = (socket: ReturnType<typeof connect>) => {
      socket.on("error", () => undefined);
      return new Promise((resolve) => socket.once("close", resolve));
    };
    const stranger = relayFrom(proxySocket(), "fd00::99");
    const silent = connect(proxySocket());
    silent.write("GET / HTTP/1.1\r\n\r\n");
    const giant = one.stream();
    giant.write(Buffer.from([0x10, 0xff, 0xff, 0xff, 0x7f]));
    await Promise.all([stranger, silent, giant].map(closes));
    expect((await world.kms.call("GET", "/health")).status).toBe(200);
  });
});
