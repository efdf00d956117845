/**
 * A gateway that is known by name: who may ask for it, what leaves a board meanwhile, and what a resolver that is away, lies or
 * talks nonsense costs. The whole of it, which waits for tunnels to be given up, is `npm run prove -- network`.
 */
import { generateX25519Key, type KeyPair } from "@bulkhead/protocol";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { TimeAnswer } from "../asker/index.ts";
import { type Backend, backends } from "./testing/back-ends.ts";
import { readCables, watchCables } from "./testing/cables.ts";
import { type DeviceHandle, openDevice } from "./testing/device-handle.ts";
import { provisioningWith, systemWith } from "./testing/fixtures.ts";
import { type GatewayHandle, gatewayAddress, gatewayPort, kmsAddress, openGateway } from "./testing/gateway-handle.ts";
import { gatewayName, type Names, openNames, resolverAddress } from "./testing/names.ts";
import { openTimes, timeServer } from "./testing/times.ts";
import { openWorld, type World } from "./testing/world.ts";

const toolsUid = 210_077;
const resolverUid = toolsUid + 1;
const timeUid = toolsUid + 3;
const relays = { mqtt: 1883 };
const system = systemWith({ telemetry: ["mqtt"] });
const kmsKey = generateX25519Key();
const liar = "10.77.0.66";
/** The last is not started before it is told something else than the truth. */
const boards = ["first", "fresh"] as const;
type Board = (typeof boards)[number];
const keys = Object.fromEntries(boards.map((name) => [name, generateX25519Key()])) as Record<Board, KeyPair>;
const prefixOf = (name: Board) => `fd12:3456:789a:1:0:0:${boards.indexOf(name) + 1}::`;
/** `npm run prove -- network` adds what waits for tunnels to be given up. */
const isWhole = process.env["BULKHEAD_PROVE"] === "network";
/** A resolver that failed is asked again after 5 s and then ever later, a tunnel tried elsewhere after 12 s; the rest is this machine. */
const patience = { timeout: isWhole ? 400_000 : 60_000, interval: 200 };

describe.each(backends)("a gateway's name ($title)", ({ backend, isHere }) => {
  describe.skipIf(!isHere)("", () => suite(backend));
});

function suite(backend: Backend): void {
  let world: World;
  let gateway: GatewayHandle;
  let names: Names;
  let times: Awaited<ReturnType<typeof openTimes>>;
  /** It takes 6 s, beside the other tests. */
  let asked: Promise<TimeAnswer | undefined>;
  let devices: Record<Board, DeviceHandle>;

  const reach = (name: Board, waitMs = 3_000) =>
    devices[name].connect("c-telemetry", kmsAddress, relays.mqtt, { waitMs });
  const comesUp = (name: Board) => vi.waitFor(async () => expect(await reach(name)).toMatch(/^mqtt /), patience);
  const start = async (name: Board) => {
    expect(await devices[name].start(startOf(name, backend))).toEqual({ ok: true });
  };
  const tells = (name: Board, gatewayStatus: object) =>
    vi.waitFor(async () => expect(await devices[name].gateway()).toMatchObject(gatewayStatus), patience);

  beforeAll(async () => {
    world = await openWorld("root");
    await world.attach("gw", `${gatewayAddress}/24`);
    await world.attach("liar", `${liar}/24`);
    await world.attach("first", "10.77.0.2/24");
    await world.attach("fresh", "10.77.0.3/24");
    names = await openNames(world);
    times = await openTimes(world, { offsetMs: hourMs });
    gateway = await openGateway(world, kmsKey, relays, 0, backend);
    await gateway.startService("mqtt");
    await gateway.start();
    await gateway.setPeers(
      boards.map((name) => ({ publicKey: keys[name].publicKey, allowedPrefix: `${prefixOf(name)}/112` })),
    );
    devices = Object.fromEntries(boards.map((name) => [name, openDevice(world, name, toolsUid)])) as typeof devices;
    await names.behave({ kind: "address", address: gatewayAddress });
    await start("first");
    // From when the board's rules stand.
    expect((await world.run(null, ["nft", watchCables(["first"])])).stderr).toBe("");
    asked = devices.first.time();
  });
  afterAll(async () => {
    for (const name of boards) await devices?.[name].close();
    await names?.close();
    await times?.close();
    await gateway?.close();
    await world?.close();
  });

  test("[K13] a device that knows its gateway by name asks for it, and connects", async () => {
    await comesUp("first");
    await tells("first", {
      name: gatewayName,
      address: gatewayAddress,
      from: "answer",
      answer: [gatewayAddress],
      failure: null,
    });
    expect(await devices.first.readLog()).toContain(`${gatewayName} is ${gatewayAddress}`);
  });

  test("[K23] nobody on the board but the resolver reaches a resolver, and who asks for the time a time server; they reach nothing else", async () => {
    const speak = (uid: number, protocol: "udp" | "tcp", host: string, port: number) => {
      const identity = ["setpriv", "--reuid", `${uid}`, "--regid", `${uid}`, "--clear-groups", "--"];
      return world
        .run("first", [...identity, process.execPath, "-e", say, protocol, host, `${port}`])
        .then(({ stdout }) => stdout);
    };
    // The control: it is the uid that makes the difference.
    expect(await speak(resolverUid, "udp", resolverAddress, 53)).toBe("SENT");
    expect(await speak(resolverUid, "tcp", resolverAddress, 53)).toBe("SENT");
    expect(await speak(timeUid, "udp", timeServer, 123)).toBe("SENT");
    const refused = await Promise.all([
      ...[0, toolsUid, 1000, 210_079].flatMap((uid) => [
        speak(uid, "udp", resolverAddress, 53),
        speak(uid, "tcp", resolverAddress, 53),
      ]),
      ...[0, toolsUid, 1000, resolverUid, 210_079].map((uid) => speak(uid, "udp", timeServer, 123)),
      ...(
        [
          [resolverAddress, 53],
          [resolverAddress, 123],
          [timeServer, 53],
          [gatewayAddress, 123],
        ] as const
      ).map(([host, port]) => speak(timeUid, "udp", host, port)),
      ...(
        [
          [liar, 53],
          [gatewayAddress, 53],
          [resolverAddress, 853],
          ["192.0.2.1", 53],
        ] as const
      ).map(([host, port]) => speak(resolverUid, "udp", host, port)),
    ]);
    expect(refused.filter((outcome) => outcome === "SENT")).toEqual([]);
    const { stdout } = await devices.first.run("c-telemetry", [
      process.execPath,
      "-e",
      resolve,
      resolverAddress,
      gatewayName,
    ]);
    expect(stdout).toMatch(/^(ETIMEOUT|ECONNREFUSED|ENETUNREACH)$/);
  });

  test("[K23] a resolver or a time server reaches nothing of the board, from its port or another, but with an answer", async () => {
    const listener = world.run("first", [process.execPath, "-e", listen, "5353", "1500"]);
    await vi.waitFor(async () => {
      expect((await world.run("first", ["cat", "/proc/net/udp"])).stdout).toContain(":14E9 ");
    }, patience);
    const tries = [53, 5353].map((from) => ["names", from] as const);
    for (const [where, from] of [...tries, ["times", 123], ["times", 5353]] as const) {
      const said = await world.run(where, [process.execPath, "-e", sayFrom, `${from}`, "10.77.0.2", "5353"]);
      expect(said.stdout).toBe("SENT");
    }
    expect((await listener).stdout).toBe("NOTHING");
  });

  test("[K13] a resolver that is away costs nothing where the tunnel stood before, also over a restart of the whole network server", async () => {
    await names.behave({ kind: "silent" });
    expect(await devices.first.restartTunnel()).toEqual({ ok: true });
    await comesUp("first");
    await tells("first", {
      address: gatewayAddress,
      from: "kept",
      failure: expect.stringContaining("no resolver answered"),
    });
  });

  test("[K5] the time of a declared time server is had by the program in its sandbox, within its error", async () => {
    const answer = await asked;
    if (!answer?.time) throw new Error(`${answer?.failure}`);
    const { timeMs, monotonicUs, errorMs } = answer.time;
    // This process may be taken from the processor between the two looks.
    const beforeMs = Date.now();
    const nowMs = timeMs + (Number(process.hrtime.bigint() / 1000n) - monotonicUs) / 1000 - hourMs;
    expect(nowMs).toBeGreaterThanOrEqual(beforeMs - errorMs - 5);
    expect(nowMs).toBeLessThanOrEqual(Date.now() + errorMs + 5);
    expect(errorMs).toBeLessThan(2_000);
  });

  if (isWhole) whole();

  // The last: vitest runs them in their order.
  test("[K23] all that left the board in that time were packets to the gateway, questions to the resolver and the declared time server, and who asked for their addresses", async () => {
    const expected = [
      `sent_ports ${gatewayAddress} . 17 . ${gatewayPort}`,
      `sent_ports ${resolverAddress} . 17 . 53`,
      // The control of the test above, and nobody's beside: the resolver asks by TCP where an answer is cut off.
      `sent_ports ${resolverAddress} . 6 . 53`,
      `sent_ports ${timeServer} . 17 . 123`,
      "sent_types 0x0800",
      "sent_types 0x0806",
      ...(isWhole ? [`sent_ports ${movedTo} . 17 . ${gatewayPort}`] : []),
    ];
    const seen = await readCables(world);
    // Where the resolver that lied sent it, if the machine was so slow that it gave the kept address up.
    const isLied = (frame: string) => isWhole && frame === `sent_ports ${liar} . 17 . ${gatewayPort}`;
    expect(seen.filter((frame) => !isOfDiscovery(frame) && !isLied(frame))).toEqual(expected.sort());
    const questions = names.asked.map(({ name, type }) => `${name.toLowerCase()} ${type}`);
    expect([...new Set(questions)].sort()).toEqual([`${gatewayName} 1`, `${gatewayName} 28`]);
  });

  function whole(): void {
    test("[K13] no nonsense that a resolver talks ends anything", async () => {
      await names.behave({ kind: "garbage" });
      await start("fresh");
      for (const kind of ["loop", "cname-chain"] as const) {
        await asksAgain();
        await names.behave({ kind });
      }
      await asksAgain();
      await names.behave({ kind: "address", address: "127.0.0.1" });
      await tells("fresh", { failure: expect.stringContaining("127.0.0.1, is no address that a gateway can have") });
      expect(await reach("fresh", 1_000)).toMatch(/^(TIMEOUT|EHOSTUNREACH|ENETUNREACH)$/);
    });

    test("[K13] a resolver that lies keeps no device that was connected from its gateway, and a new one waits for the truth", async () => {
      await names.behave({ kind: "address", address: liar, ttl: 0 });
      expect(await devices.first.restartTunnel()).toEqual({ ok: true });
      await comesUp("first");
      const why = `nobody with the gateway's key answers at ${liar}`;
      await tells("fresh", { address: liar, from: "answer", failure: expect.stringContaining(why) });
      expect(await reach("fresh", 1_000)).toMatch(/^(TIMEOUT|EHOSTUNREACH|ENETUNREACH)$/);
      expect(await devices.fresh.readLog()).toContain(why);
      await names.behave({ kind: "address", address: gatewayAddress, ttl: 0 });
      await comesUp("fresh");
      await tells("fresh", { address: gatewayAddress, failure: null });
    });

    async function asksAgain(): Promise<void> {
      const before = names.asked.length;
      await vi.waitFor(() => expect(names.asked.length).toBeGreaterThan(before), { timeout: 400_000, interval: 200 });
    }

    test("[K13] a gateway that moves is found by its name while the tunnel stands, without a restart", async () => {
      await names.behave({ kind: "address", address: gatewayAddress, ttl: 0 });
      await comesUp("first");
      await world.run("gw", ["ip", "address", "add", `${movedTo}/24`, "dev", "eth0"]);
      await world.run("gw", ["ip", "address", "del", `${gatewayAddress}/24`, "dev", "eth0"]);
      await world.run("gw", ["ip", "address", "add", `${movedTo}/24`, "dev", "eth0"]);
      await names.behave({ kind: "address", address: movedTo, ttl: 0 });
      const beganMs = performance.now();
      await vi.waitFor(async () => expect(await reach("first")).toMatch(/^mqtt /), { timeout: 100_000, interval: 200 });
      expect(performance.now() - beganMs).toBeLessThan(90_000);
      await tells("first", { address: movedTo });
    });
  }
}

const movedTo = "10.77.0.7";
const hourMs = 3_600_000;

/** IPv6 neighbour discovery of a board that does not know its resolvers yet. */
const isOfDiscovery = (frame: string): boolean => /^others6 ff02:.* \. 58$|^sent_types 0x86dd$/.test(frame);

function startOf(name: Board, backend: Backend) {
  const kms = {
    tunnelKey: kmsKey.publicKey,
    endpoint: { host: gatewayName, port: gatewayPort },
    address: kmsAddress,
    proxies: relays,
  };
  return {
    system,
    provisioning: provisioningWith({ addressPrefix: prefixOf(name), tunnelKey: keys[name].publicKey, kms }),
    privateKey: Buffer.from(keys[name].privateKey, "base64url").toString("base64"),
    backend,
    resolvers: [resolverAddress],
    timeServers: name === "first" ? [timeServer] : [],
  };
}

/** A question for the gateway's name by UDP, or a connection by TCP: SENT or an error. */
const say = `
const [protocol, host, port] = process.argv.slice(1);
const done = (text) => { console.log(text); process.exit(0); };
setTimeout(() => done("TIMEOUT"), 1500);
const question = Buffer.from("00010100000100000000000002677707" + Buffer.from("example").toString("hex") + "03636f6d0000010001", "hex");
if (protocol === "udp") require("node:dgram").createSocket("udp4").send(question, Number(port), host, (e) => done(e ? e.code : "SENT"));
else require("node:net").connect({ host, port: Number(port) }, () => done("SENT")).on("error", (e) => done(e.code));
`;

const resolve = `
const { Resolver } = require("node:dns").promises;
const resolver = new Resolver({ timeout: 300, tries: 1 });
resolver.setServers([process.argv[1]]);
resolver.resolve4(process.argv[2]).then(() => console.log("FOUND"), (e) => console.log(e.code));
`;

const listen = `
const [port, waitMs] = process.argv.slice(1).map(Number);
const socket = require("node:dgram").createSocket("udp4");
const done = (text) => { console.log(text); process.exit(0); };
socket.on("message", (bytes) => done(String(bytes)));
socket.bind(port, () => setTimeout(() => done("NOTHING"), waitMs));
`;

const sayFrom = `
const [from, host, port] = process.argv.slice(1);
const socket = require("node:dgram").createSocket({ type: "udp4", reuseAddr: true });
socket.bind(Number(from), "0.0.0.0", () => socket.send("x", Number(port), host, (e) => { console.log(e ? e.code : "SENT"); process.exit(0); }));
`;
