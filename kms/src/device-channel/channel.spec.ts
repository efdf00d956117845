import { randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { type Command, generateSigningKey, partAddress, signMessage, transcriptBytes } from "@bulkhead/protocol";
import { plainStatus } from "@bulkhead/protocol/testing";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { connectDevice, openChannel, relayFrom, sayHello } from "../fixtures/device.ts";
import { emptySystem } from "../fixtures/project.ts";
import { componentResources, resources } from "../fixtures/reports.ts";
import { createWorld, type World } from "../fixtures/world.ts";

/** The longest that what is waited for may take; how long it takes is the machine's business. */
const eventually = <T>(look: () => T | Promise<T>) => vi.waitFor(look, { timeout: 30_000, interval: 20 });

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.remove());

async function device(name: string) {
  const enrolled = await world.enrol(name);
  const { deviceId } = enrolled.provisioning;
  const options = { ...enrolled, socketPath: world.deviceSocket };
  const get = async (path: string) => (await world.kms.call("GET", `/devices/${deviceId}${path}`)).body;
  const issue = async (command: Command, timeoutMs = 60_000) => {
    const answer = await world.kms.call("POST", `/devices/${deviceId}/commands`, { command, timeoutMs });
    return answer.body["command"] as { id: string; state: string };
  };
  const eventCodes = async () => ((await get("/events"))["events"] as { code: string }[]).map(({ code }) => code);
  const commandState = async () => ((await get("/commands"))["commands"] as { state: string }[])[0]?.state;
  return { ...enrolled, id: deviceId, options, get, issue, eventCodes, commandState };
}

describe("[M4] the command channel", () => {
  it("[M6] shows a device as connected while its channel is up, and only then", async () => {
    const one = await device("presence");
    expect(await one.get("")).toMatchObject({ device: { connected: false } });
    const channel = await connectDevice(one.options);
    await eventually(async () => expect(await one.get("")).toMatchObject({ device: { connected: true } }));
    channel.socket.terminate();
    await eventually(async () => expect(await one.get("")).toMatchObject({ device: { connected: false } }));
    const both = expect.arrayContaining(["CONNECTED", "DISCONNECTED"]);
    await eventually(async () => expect(await one.eventCodes()).toEqual(both));
  });

  it("[M7] keeps the last status and manifest that the device reported", async () => {
    const one = await device("reports");
    const channel = await connectDevice(one.options);
    channel.send({ type: "manifest", system: emptySystem() });
    for (const generation of [1, 2]) channel.send({ type: "status", status: plainStatus(generation) });
    await eventually(async () => expect(await one.get("/status")).toMatchObject({ status: { generation: 2 } }));
    expect(await one.get("/manifest")).toMatchObject({ manifest: emptySystem() });
    expect(await one.get("")).toMatchObject({ device: { generation: 2, unsignedCommands: true } });
    channel.socket.close();
  });

  it("[K23] acknowledges log lines when they are stored, and only to an agent that asks", async () => {
    const one = await device("acknowledged");
    const channel = await connectDevice(one.options);
    const line = { sequence: 1, atMs: 1, component: "climate", stream: "out" as const, text: "hello" };
    channel.send({ type: "log", lines: [line], dropped: 0 });
    channel.send({ type: "log", lines: [{ ...line, sequence: 2 }], dropped: 0, batch: 7 });
    expect(await channel.next("stored")).toEqual({ type: "stored", batch: 7 });
    expect(((await one.get("/logs"))["lines"] as unknown[]).length).toBe(2);
    // That was the only one.
    expect(channel.received.filter(({ type }) => type === "stored")).toEqual([]);
    channel.socket.close();
  });

  it("[K23] a device that sleeps is asleep while it is away, and overdue with an alert when it does not come", async () => {
    const one = await device("sleeper");
    const presence = async () => ((await one.get(""))["device"] as { presence: string }).presence;
    const away = async (nextMs: number) => {
      const channel = await connectDevice(one.options);
      channel.send({ type: "awake", untilMs: Date.now(), nextMs, awakeMs: 1 });
      channel.send({ type: "status", status: plainStatus(1) });
      await eventually(async () => expect(await one.get("")).toMatchObject({ device: { expectedAtMs: nextMs } }));
      expect(await presence()).toBe("connected");
      channel.socket.close();
    };
    await away(Date.now() + 3600_000);
    await eventually(async () => expect(await presence()).toBe("asleep"));
    expect(await one.eventCodes()).not.toContain("OVERDUE");
    await away(Date.now() - 60_000);
    await eventually(async () => expect(await presence()).toBe("overdue"));
    await eventually(async () => expect(await one.eventCodes()).toContain("OVERDUE"));
    const again = await connectDevice(one.options);
    await eventually(async () => expect(await one.get("")).toMatchObject({ device: { expectedAtMs: null } }));
    again.socket.close();
    await eventually(async () => expect(await presence()).toBe("offline"));
    expect((await one.eventCodes()).filter((code) => code === "OVERDUE")).toHaveLength(1);
  });

  it("[K16] keeps what a device last showed when it was asked, of each kind", async () => {
    const one = await device("observations");
    expect(await one.get("/observations/trace")).toEqual({ observation: null, receivedAtMs: null });
    const channel = await connectDevice(one.options);
    const trace = (atMs: number) => ({ kind: "trace" as const, atMs, components: {}, omitted: [] });
    for (const atMs of [1, 2]) channel.send({ type: "observation", observation: trace(atMs) });
    await eventually(async () => expect(await one.get("/observations/trace")).toMatchObject({ observation: trace(2) }));
    expect(await one.get("/observations/report")).toEqual({ observation: null, receivedAtMs: null });
    channel.socket.close();
  });

  it("[K21] keeps what a device's components take, each device's own, while the KMS runs", async () => {
    const [one, other] = [await device("resources"), await device("other resources")];
    expect(await one.get("/resources")).toEqual({ resources: null, receivedAtMs: null });
    const channel = await connectDevice(one.options);
    for (const usedBytes of [1, 2]) channel.send({ type: "resources", resources: resources(usedBytes) });
    await eventually(async () => expect(await one.get("/resources")).toMatchObject({ resources: resources(2) }));
    expect(await other.get("/resources")).toMatchObject({ resources: null });
    channel.socket.close();
    await eventually(async () => expect(await one.get("")).toMatchObject({ device: { connected: false } }));
    expect(await one.get("/resources")).toMatchObject({ resources: resources(2) });
    const unknown = await world.kms.call("GET", "/devices/d-0000000000000000/resources");
    expect(unknown).toMatchObject({ status: 404, body: { code: "NOT_FOUND" } });
  });

  it.each([
    ["a negative amount", { ...componentResources, used: { memoryBytes: -1, cpuUs: 0, processes: 1 } }],
    ["a name that is none", { ...componentResources, name: "../climate" }],
    ["words without end", { ...componentResources, declared: { memoryBytes: 1, cpu: "x".repeat(101), processes: 1 } }],
  ])("[K21] refuses a report of resources with %s, and keeps the last good one", async (name, bad) => {
    const one = await device(`resources with ${name}`);
    const channel = await connectDevice(one.options);
    channel.send({ type: "resources", resources: resources(7) });
    channel.sendRaw(JSON.stringify({ type: "resources", resources: { cgroup: "v2", components: [bad] } }));
    expect(await channel.closed).toBe(1008);
    await eventually(async () => expect(await one.eventCodes()).toContain("PROTOCOL_INVALID"));
    expect(await one.get("/resources")).toMatchObject({ resources: resources(7) });
  });

  it("keeps of a newer device what it knows, and of an older one what it says", async () => {
    const one = await device("newer");
    const channel = await connectDevice(one.options);
    const newer = { ...resources(7), soon: [1], components: [{ ...componentResources, hidden: true }] };
    channel.sendRaw(JSON.stringify({ type: "resources", resources: newer, priority: 1 }));
    const { components } = { components: [componentResources] };
    await eventually(async () =>
      expect(await one.get("/resources")).toMatchObject({ resources: { ...resources(7), components } }),
    );
    expect(JSON.stringify(await one.get("/resources"))).not.toMatch(/hidden|soon|priority/);
    channel.sendRaw(JSON.stringify({ type: "status", status: { ...plainStatus(3), weather: { rain: true } } }));
    await eventually(async () => expect(await one.get("/status")).toMatchObject({ status: plainStatus(3) }));
    expect(JSON.stringify(await one.get("/status"))).not.toMatch(/weather/);
    channel.socket.close();
  });

  it("[K16] takes telemetry and traces, says when they are stored, shows them with what was lost", async () => {
    const one = await device("telemetry");
    const channel = await connectDevice(one.options);
    const sample = { sequence: 7, atMs: 5, component: "climate", stream: "temperature", value: 21.5 };
    const loss = { stream: "climate.temperature", count: 3, fromMs: 1, toMs: 4 };
    const entry = [1, "m", "a\u0000mark"] as [number, "m", string];
    const segment = { component: "climate", boot: "b", ring: 1, first: 0, lines: 1, atMs: 5, entries: [entry] };
    for (const batch of [1, 2]) channel.send({ type: "telemetry", samples: [sample], lost: [loss], batch });
    channel.send({ type: "trace", segments: [segment], lost: [{ ...loss, stream: "climate" }], batch: 3 });
    await eventually(async () => {
      expect(await one.get("/telemetry")).toMatchObject({
        streams: [{ component: "climate", stream: "temperature", unit: null, points: [{ atMs: 5, value: 21.5 }] }],
        losses: [loss],
      });
      expect(await one.get("/traces")).toMatchObject({ segments: [segment], losses: [{ stream: "climate" }] });
      expect(await one.eventCodes()).toEqual(expect.arrayContaining(["TELEMETRY_LOST", "TRACE_LOST"]));
    });
    channel.socket.close();
  });

  it("answers others while a device sends as many values as fit into a message", { timeout: 30_000 }, async () => {
    const one = await device("bomber");
    const channel = await connectDevice(one.options);
    const closed = once(channel.socket, "close");
    const sentMs = performance.now();
    channel.socket.send(`{"type":"status","status":{"format":1,"components":[${"{},".repeat(1_300_000)}{}]}}`);
    await closed;
    expect(await one.get("")).toMatchObject({ device: { id: one.id } });
    // Unbounded it takes half a minute, or all memory first.
    expect(performance.now() - sentMs).toBeLessThan(15_000);
    await eventually(async () => expect(await one.eventCodes()).toContain("PROTOCOL_INVALID"));
  });

  const head = "GET /device/v1/metadata/timestamp.json HTTP/1.1\r\nhost: kms\r\n";

  it("gives up a connection whose request never ends, however steadily it drips, the first or a later one", {
    timeout: 20_000,
  }, async () => {
    const one = await device("dripper");
    const drips = async (isFirst: boolean) => {
      const socket = relayFrom(world.deviceSocket, partAddress(one.provisioning.addressPrefix, 2));
      socket.on("error", () => undefined);
      const answered = isFirst || once(socket, "data");
      if (!isFirst) socket.write(`${head}\r\n`);
      await answered;
      socket.resume().write(head);
      const drip = setInterval(() => socket.write("x: y\r\n"), 200);
      await once(socket, "close");
      clearInterval(drip);
    };
    await Promise.all([drips(true), drips(false)]);
  });

  it("[M11] answers one request after the other in a connection, in their order where the next does not wait", async () => {
    const one = await device("fetcher");
    const socket = relayFrom(world.deviceSocket, partAddress(one.provisioning.addressPrefix, 2));
    socket.on("error", () => undefined);
    const other = head.replace("timestamp", "7.other").replace("metadata", "none");
    const answers = async (requests: string[]) => {
      const chunks: unknown[] = [];
      socket.on("data", (bytes) => void chunks.push(bytes)).write(requests.map((request) => `${request}\r\n`).join(""));
      const found = () => chunks.join("").match(/(?<=HTTP\/1\.1 )\d+/g);
      await vi.waitFor(() => expect(found()).toHaveLength(requests.length), { timeout: 10_000 });
      return found();
    };
    for (let request = 0; request < 3; request++) expect(await answers([other])).toEqual(["404"]);
    expect((await answers([other.replace("GET", "POST"), head, other]))?.toSpliced(1, 1)).toEqual(["405", "404"]);
  });

  it("[M8] keeps console lines in order, the newest 5,000, whatever a component printed", async () => {
    const one = await device("console");
    const channel = await connectDevice(one.options);
    const line = (sequence: number, text: string) => ({
      sequence,
      atMs: 1,
      component: "fan",
      stream: "out" as const,
      text,
    });
    channel.send({ type: "log", lines: [line(0, "nul \u0000, half \ud800 pair")], dropped: 7 });
    for (let batch = 0; batch < 11; batch++) {
      const lines = Array.from({ length: 500 }, (_, index) => line(1 + batch * 500 + index, `line ${batch}`));
      channel.send({ type: "log", lines, dropped: 0 });
    }
    const newest = async () =>
      (await one.get("/logs?limit=5000")) as { lines: { id: number; sequence: number }[]; dropped: number };
    await eventually(async () => expect((await newest()).lines.at(-1)?.sequence).toBe(5500));
    const { lines, dropped } = await newest();
    expect(dropped).toBe(7);
    expect(lines.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 5000 }, (_, index) => 501 + index));
    const after = await one.get(`/logs?after=${lines.at(-3)?.id}&component=fan`);
    expect(after).toMatchObject({ lines: [{ sequence: 5499 }, { sequence: 5500 }] });
    expect(await one.get("/logs?component=other")).toMatchObject({ lines: [] });
    channel.socket.close();
  });

  it("[M15] delivers a command at once to a connected device and keeps its answer", async () => {
    const one = await device("restart now");
    const channel = await connectDevice(one.options);
    await eventually(async () => expect(await one.eventCodes()).toContain("CONNECTED"));
    const { id } = await one.issue({ kind: "restart-component", component: "fan" });
    const { envelope } = await channel.next("command");
    expect(envelope).toMatchObject({ id, deviceId: one.id, command: { kind: "restart-component", component: "fan" } });
    channel.send({ type: "command-result", id, outcome: "done", code: null, message: "restarted\u0000" });
    await eventually(async () => expect(await one.commandState()).toBe("done"));
    // A second answer changes nothing.
    channel.send({ type: "command-result", id, outcome: "failed", code: "INTERNAL", message: "again" });
    channel.send({ type: "status", status: plainStatus(9) });
    await eventually(async () => expect(await one.get("/status")).toMatchObject({ status: { generation: 9 } }));
    expect(await one.commandState()).toBe("done");
    channel.socket.close();
  });

  it("[M23] delivers a command to an offline device when it connects, and again until it was answered", async () => {
    const one = await device("restart later");
    const { id, state } = await one.issue({ kind: "restart-runtime" });
    expect(state).toBe("pending");
    for (const attempt of [1, 2]) {
      const channel = await connectDevice(one.options);
      expect((await channel.next("command")).envelope.id, `attempt ${attempt}`).toBe(id);
      channel.socket.terminate();
      await channel.closed;
    }
    const channel = await connectDevice(one.options);
    await channel.next("command");
    channel.send({ type: "command-result", id, outcome: "done", code: null, message: "" });
    await eventually(async () => expect(await one.commandState()).toBe("done"));
    channel.socket.close();
  });

  it("[M23] lets a command expire that no device took, and never delivers it later", async () => {
    const one = await device("expiry");
    await one.issue({ kind: "restart-runtime" }, 1000);
    await eventually(async () => expect(await one.commandState()).toBe("expired"));
    const channel = await connectDevice(one.options);
    await eventually(async () => expect(await one.eventCodes()).toContain("CONNECTED"));
    const fresh = await one.issue({ kind: "restart-runtime" });
    expect((await channel.next("command")).envelope.id).toBe(fresh.id);
    channel.socket.close();
  });

  it("refuses a wrong device key and shows that somebody tried", async () => {
    const one = await device("wrong key");
    const attempt = connectDevice({ ...one.options, deviceKey: generateSigningKey() });
    await expect(attempt).rejects.toThrow(/DEVICE_AUTHENTICATION_FAILED/);
    await eventually(async () => expect(await one.eventCodes()).toEqual(["DEVICE_AUTHENTICATION_FAILED"]));
    expect(await one.get("")).toMatchObject({ device: { connected: false } });
  });

  it("refuses a device that speaks from another's address", async () => {
    const [one, other] = [await device("speaker"), await device("owner")];
    const source = partAddress(other.provisioning.addressPrefix, 2);
    await expect(connectDevice({ ...one.options, source })).rejects.toThrow();
    await eventually(async () => expect(await other.eventCodes()).toEqual(["DEVICE_AUTHENTICATION_FAILED"]));
    expect(await one.eventCodes()).toEqual([]);
  });

  it("closes a connection from an address that no device owns", async () => {
    const one = await device("stranger");
    const source = partAddress(one.provisioning.addressPrefix.replace(/:1:0:0:/, ":1:0:7f:"), 2);
    const channel = openChannel({ ...one.options, source });
    await channel.closed;
    expect(channel.received).toEqual([]);
  });

  it("refuses a proof that was recorded on another connection", async () => {
    const one = await device("replay");
    const first = openChannel(one.options);
    await new Promise((resolve) => first.socket.once("open", resolve));
    const recorded = signMessage(one.deviceKey, transcriptBytes("device", await sayHello(first, one.options)));
    const second = openChannel(one.options);
    await new Promise((resolve) => second.socket.once("open", resolve));
    await sayHello(second, one.options);
    second.send({ type: "proof", signature: recorded });
    expect(await second.next("refused")).toMatchObject({ code: "DEVICE_AUTHENTICATION_FAILED" });
    first.socket.terminate();
  });

  it("refuses another version of the protocol by name", async () => {
    const one = await device("version");
    const channel = openChannel(one.options);
    await new Promise((resolve) => channel.socket.once("open", resolve));
    channel.send({ type: "hello", protocol: 2, deviceId: one.id, nonce: "A".repeat(43) });
    expect(await channel.next("refused")).toMatchObject({ code: "PROTOCOL_VERSION" });
  });

  it("lets the newest connection of a device win", async () => {
    const one = await device("twice");
    const older = await connectDevice(one.options);
    const newer = await connectDevice(one.options);
    expect(await older.closed).toBe(4001);
    const { id } = await one.issue({ kind: "restart-runtime" });
    expect((await newer.next("command")).envelope.id).toBe(id);
    expect(await one.get("")).toMatchObject({ device: { connected: true } });
    newer.socket.close();
  });

  it("answers garbage by closing that socket and no other", async () => {
    const [one, bystander] = [await device("garbage"), await device("bystander")];
    const witness = await connectDevice(bystander.options);
    const garbage = fc.oneof(
      fc.json(),
      fc.string(),
      fc.uint8Array({ maxLength: 2000 }).map((bytes) => Buffer.from(bytes)),
    );
    await fc.assert(
      fc.asyncProperty(garbage, fc.boolean(), async (data, afterWelcome) => {
        const channel = afterWelcome ? await connectDevice(one.options) : openChannel(one.options);
        if (!afterWelcome) await new Promise((resolve) => channel.socket.once("open", resolve));
        channel.sendRaw(data);
        expect(await channel.closed).toBe(1008);
      }),
      { numRuns: 40 },
    );
    await eventually(async () => expect(await one.eventCodes()).toContain("PROTOCOL_INVALID"));
    const { id } = await bystander.issue({ kind: "restart-runtime" });
    expect((await witness.next("command")).envelope.id).toBe(id);
    witness.socket.close();
  });

  it("cuts off a message that is larger than the protocol allows", async () => {
    const one = await device("giant");
    const channel = await connectDevice(one.options);
    channel.sendRaw(randomBytes(4 * 1024 * 1024 + 1));
    expect(await channel.closed).toBe(1009);
  });

  it("does not let a device answer another's command", async () => {
    const [one, other] = [await device("answerer"), await device("asked")];
    const { id } = await other.issue({ kind: "restart-runtime" });
    const channel = await connectDevice(one.options);
    for (const stranger of [id, randomUUID()]) {
      channel.send({ type: "command-result", id: stranger, outcome: "done", code: null, message: "lie" });
    }
    channel.send({ type: "status", status: plainStatus(3) });
    await eventually(async () => expect(await one.get("/status")).toMatchObject({ status: { generation: 3 } }));
    expect(await other.commandState()).toBe("pending");
    channel.socket.close();
  });

  it("[M28] ends the channel of a deleted device and lets it in no more", async () => {
    const one = await device("deleted");
    const channel = await connectDevice(one.options);
    expect((await world.kms.call("DELETE", `/devices/${one.id}`)).status).toBe(200);
    await channel.closed;
    await expect(connectDevice(one.options)).rejects.toThrow();
    await eventually(() => {
      expect(world.gateway.peers()?.map(({ publicKey }) => publicKey)).not.toContain(one.tunnelKey.publicKey);
    });
  });
});
