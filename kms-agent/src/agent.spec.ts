import { createHash, randomBytes, randomUUID } from "node:crypto";
import { readFile, stat, writeFile } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import {
  type Command,
  type FromDevice,
  generateSigningKey,
  maxMessageBytes,
  type Transcript,
} from "@bulkhead/protocol";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { accepted, type FakeDevice, makeFakeDevice, resourcesOf, statusOf } from "./testing/fake-device.ts";
import { type FakeKms, makeIdentities, startFakeKms } from "./testing/fake-kms.ts";

const keys = makeIdentities();
let kms: FakeKms;
let fake: FakeDevice;
const stops: (() => Promise<void>)[] = [];

beforeEach(async () => {
  kms = await startFakeKms(keys);
  fake = await makeFakeDevice(keys);
});
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
  await kms.close();
  await fake.remove();
});

const eventually = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 10_000, interval: 10 });
async function start(...args: Parameters<FakeDevice["start"]>) {
  const stop = await fake.start(...args);
  stops.push(stop);
  return stop;
}
type Sent<T extends FromDevice["type"]> = Extract<FromDevice, { type: T }>;
const sent = <T extends FromDevice["type"]>(type: T) => kms.received.filter((m): m is Sent<T> => m.type === type);
const linesSent = () => sent("log").flatMap(({ lines }) => lines.map(({ text }) => text));
const isConnected = () => eventually(() => expect(kms.isOpen()).toBe(true));
function command(body: Command, deadlineMs = Date.now() + 60_000, id: string = randomUUID()) {
  const envelope = { id, deviceId: fake.deviceId, deadlineMs, command: body };
  kms.send({ type: "command", envelope });
  return id;
}

describe("[M4] the command channel", () => {
  test("authenticates both sides, and reports system, state and log at once and after changes", async () => {
    fake.write("before");
    await start(kms.port);
    await eventually(() => expect(sent("status")).toHaveLength(1));
    expect(sent("manifest")).toHaveLength(1);
    await eventually(() => expect(linesSent()).toEqual(["before"]));
    fake.device.status = statusOf(2);
    fake.neighbours.monitor.notify("changed", { generation: 2 });
    fake.write("after");
    await eventually(() => expect(sent("status").at(-1)?.status.generation).toBe(2));
    await eventually(() => expect(linesSent()).toEqual(["before", "after"]));
    expect(sent("manifest")).toHaveLength(1);
  });

  test("a KMS that cannot prove the pinned instance key gets no signature and no report, only new tries", async () => {
    kms.onHello((socket, transcript) => socket.send(kms.challenge(transcript, generateSigningKey())));
    await start(kms.port);
    await eventually(() => expect(kms.connections()).toBeGreaterThan(2));
    expect(new Set(kms.received.map(({ type }) => type))).toEqual(new Set(["hello"]));
    expect(fake.logged.filter((line) => line.includes("NOT_AUTHENTICATED"))).toHaveLength(1);
  });

  test("a challenge that was recorded in another session is refused", async () => {
    let recorded: string | undefined;
    kms.onHello((socket, transcript: Transcript) => {
      recorded ??= kms.challenge(transcript);
      socket.send(recorded);
    });
    await start(kms.port);
    await isConnected();
    kms.socket()?.terminate();
    await eventually(() => expect(fake.logged.join()).toContain("NOT_AUTHENTICATED"));
    expect(sent("proof")).toHaveLength(1);
    expect(new Set(sent("hello").map(({ nonce }) => nonce)).size).toBe(sent("hello").length);
  });

  test.each<[string, (kms: FakeKms) => void]>([
    ["words", (k) => k.socket()?.send("hello?")],
    ["an unknown message", (k) => k.socket()?.send('{"type":"obey"}')],
    [
      "a command with an unknown kind",
      (k) => k.socket()?.send('{"type":"command","envelope":{"command":{"kind":"shell"}}}'),
    ],
    ["binary data", (k) => k.socket()?.send(Buffer.from([0, 1, 2]))],
    ["a second welcome", (k) => k.send({ type: "welcome", timeMs: 1 })],
    ["a message that is too large", (k) => k.socket()?.send("x".repeat(maxMessageBytes + 1))],
  ])("%s from the KMS ends that connection and nothing else: the agent comes back", async (_name, misbehave) => {
    await start(kms.port);
    await isConnected();
    const before = kms.connections();
    misbehave(kms);
    await eventually(() => expect(kms.connections()).toBeGreaterThan(before));
    await isConnected();
    expect(fake.logged.join("\n")).toMatch(/not connected to the KMS/);
  });

  test("a KMS that never finishes the handshake, or falls silent, is left and tried again", async () => {
    kms.onHello(() => undefined);
    await start(kms.port, { times: { handshakeMs: 100, livenessMs: 200 } });
    await eventually(() => expect(kms.connections()).toBeGreaterThan(1));
    expect(fake.logged.join()).toContain("did not finish the handshake");
    kms.onHello((socket, transcript) => socket.send(kms.challenge(transcript)));
    // Not what the KMS said, but what the agent made of it: on a busy machine the welcome may come too late.
    await eventually(() => expect(fake.logged).toContainEqual(expect.stringContaining("info connected to the KMS")));
    // The socket stays open, but nothing is read any more: no pong comes.
    kms.socket()?.pause();
    const before = kms.connections();
    await eventually(() => expect(kms.connections()).toBeGreaterThan(before));
    expect(fake.logged.join()).toContain("gave no sign of life");
  });

  test("a KMS that dies is found again, and the log goes on where it had arrived", async () => {
    fake.write("one");
    await start(kms.port);
    await eventually(() => expect(linesSent()).toEqual(["one"]));
    // The line has arrived for certain only when its receipt has.
    await eventually(() => expect(sent("status").length).toBeGreaterThan(0));
    const { port } = kms;
    await kms.close();
    fake.write("two");
    kms = await startFakeKms(keys, port);
    await eventually(() => expect(linesSent()).toContain("two"));
    expect(linesSent().filter((text) => text === "two")).toHaveLength(1);
  });

  test("the agent works while monitor and console are down, and reports when they are back", async () => {
    fake.neighbours.monitor.goDown();
    fake.neighbours.console.goDown();
    fake.write("kept");
    await start(kms.port);
    await isConnected();
    await eventually(() => expect(fake.logged.join("\n")).toMatch(/reporting the state failed/));
    expect(sent("status")).toEqual([]);
    fake.neighbours.monitor.comeBack();
    fake.neighbours.console.comeBack();
    await eventually(() => expect(sent("status")).toHaveLength(1));
    await eventually(() => expect(linesSent()).toEqual(["kept"]));
  });
});

describe("[K21] what the components take", () => {
  test("is reported with the limits at once when a session opens, and again when the scheduler server is back", async () => {
    await start(kms.port);
    await eventually(() => expect(sent("resources")).toEqual([{ type: "resources", resources: resourcesOf(1) }]));
    fake.device.resources = resourcesOf(2);
    fake.neighbours.scheduler.goDown();
    fake.neighbours.scheduler.comeBack();
    await eventually(() => expect(sent("resources").at(-1)?.resources).toEqual(resourcesOf(2)));
  });

  test("is owed by nobody: without a scheduler server the agent does all the rest", async () => {
    fake.neighbours.scheduler.goDown();
    fake.write("still carried");
    await start(kms.port);
    await eventually(() => expect(linesSent()).toEqual(["still carried"]));
    await eventually(() => expect(fake.logged.join("\n")).toMatch(/reporting the resources failed/));
    command({ kind: "restart-runtime" });
    await eventually(() => expect(sent("command-result")).toMatchObject([{ outcome: "done" }]));
    expect(sent("resources")).toEqual([]);
    expect(kms.connections()).toBe(1);
  });
});

describe("[M23] commands", () => {
  test("[M15] a restart is given to the verifier once, however often it comes, and answered each time", async () => {
    await start(kms.port);
    await isConnected();
    const id = command({ kind: "restart-component", component: "climate" });
    await eventually(() => expect(sent("command-result")).toMatchObject([{ id, outcome: "done" }]));
    await eventually(async () =>
      expect(await readFile(join(fake.directory, "agent.json"), "utf8")).toContain('"isDelivered":true'),
    );
    command({ kind: "restart-component", component: "climate" }, Date.now() + 60_000, id);
    await eventually(() => expect(sent("command-result")).toHaveLength(2));
    expect(fake.calls.filter(({ operation }) => operation === "command")).toHaveLength(1);
  });

  test("the verifier's refusal reaches the KMS with its code", async () => {
    fake.device.command = async () => ({ accepted: false, code: "COMMAND_UNSIGNED", message: "sign it" });
    await start(kms.port);
    await isConnected();
    command({ kind: "restart-runtime" });
    await eventually(() =>
      expect(sent("command-result")).toMatchObject([
        { outcome: "refused", code: "COMMAND_UNSIGNED", message: "sign it" },
      ]),
    );
  });

  test("a command that comes after its deadline, or for another device, is not carried out", async () => {
    await start(kms.port);
    await isConnected();
    command({ kind: "restart-runtime" }, Date.now() - 5000);
    kms.send({
      type: "command",
      envelope: {
        id: randomUUID(),
        deviceId: "d-ffffffffffffffff",
        deadlineMs: Date.now() + 9999,
        command: { kind: "restart-runtime" },
      },
    });
    await eventually(() => expect(sent("command-result")).toHaveLength(2));
    expect(
      sent("command-result")
        .map(({ code }) => code)
        .sort(),
    ).toEqual(["COMMAND_EXPIRED", "COMMAND_INVALID"]);
    expect(fake.calls).toEqual([]);
  });

  test("[M15] a restart of the runtime that ends the agent before it hears the verdict is not repeated by the next one", async () => {
    fake.device.command = () => new Promise(() => undefined);
    const stop = await start(kms.port);
    await isConnected();
    const id = command({ kind: "restart-runtime" });
    await eventually(() => expect(fake.calls).toHaveLength(1));
    await stop();
    expect(sent("command-result")).toEqual([]);
    // The first of its generation, whatever came before that.
    let reached = 0;
    await start(kms.port, { incarnation: 4, firstIncarnation: 4, onReached: () => (reached += 1) });
    await eventually(() => expect(sent("command-result")).toMatchObject([{ id, outcome: "done" }]));
    expect(reached).toBe(1);
    await eventually(async () =>
      expect(await readFile(join(fake.directory, "agent.json"), "utf8")).toContain('"isDelivered":true'),
    );
    command({ kind: "restart-runtime" }, Date.now() + 60_000, id);
    await eventually(() => expect(sent("command-result").length).toBeGreaterThan(1));
    expect(fake.calls).toHaveLength(1);
  });

  test("a restart of the runtime that was interrupted by the end of the agent alone is not called done, nor repeated", async () => {
    fake.device.command = () => new Promise(() => undefined);
    const stop = await start(kms.port);
    await isConnected();
    command({ kind: "restart-runtime" });
    await eventually(() => expect(fake.calls).toHaveLength(1));
    await stop();
    await start(kms.port, { incarnation: 2 });
    await eventually(() => expect(sent("command-result")).toMatchObject([{ outcome: "failed" }]));
    expect(fake.calls).toHaveLength(1);
  });

  test("a result that could not be delivered is delivered in the next session", async () => {
    let release: () => void = () => undefined;
    fake.device.command = () =>
      new Promise((resolve) => {
        release = () => resolve({ accepted: true, code: null, message: "late" });
      });
    await start(kms.port);
    await isConnected();
    const id = command({ kind: "restart-runtime" });
    await eventually(() => expect(fake.calls).toHaveLength(1));
    const { port } = kms;
    await kms.close();
    release();
    await eventually(async () =>
      expect(await readFile(join(fake.directory, "agent.json"), "utf8")).toContain('"state":"finished"'),
    );
    kms = await startFakeKms(keys, port);
    await eventually(() => expect(sent("command-result")).toMatchObject([{ id, outcome: "done", message: "late" }]));
  });

  test("a damaged journal is reported and the agent works on", async () => {
    await writeFile(join(fake.directory, "agent.json"), '{"format":1,"entries":[{');
    await start(kms.port);
    await isConnected();
    expect(fake.logged.join()).toContain("journal of commands is damaged");
    command({ kind: "restart-runtime" });
    await eventually(() => expect(sent("command-result")).toMatchObject([{ outcome: "done" }]));
  });

  test("a verifier that is down gives a failed command, not a failed agent", async () => {
    fake.neighbours.gate.goDown();
    await start(kms.port);
    await isConnected();
    command({ kind: "restart-runtime" });
    await eventually(() => expect(sent("command-result")).toMatchObject([{ outcome: "failed", code: "PEER_GONE" }]));
  });

  test("a flood of commands is answered or left to the KMS, and the agent stays connected", async () => {
    fake.device.command = () => new Promise(() => undefined);
    await start(kms.port);
    await isConnected();
    const before = kms.connections();
    for (let i = 0; i < 300; i += 1) command({ kind: "restart-runtime" });
    await eventually(() => expect(fake.logged.join()).toContain("too many at once"));
    await eventually(() => expect(fake.calls).toHaveLength(1));
    fake.write("still here");
    await eventually(() => expect(linesSent()).toEqual(["still here"]));
    expect(kms.connections()).toBe(before);
    expect(fake.calls).toHaveLength(1);
  });
});

describe("[M11] deployments", () => {
  const artifact = randomBytes(200_000);
  const release = Buffer.from("{}");
  const sha = (data: Buffer) => createHash("sha256").update(data).digest("hex");
  const deployment = { kind: "deploy" as const, target: "greenhouse-2.json", releaseDigest: sha(release) };
  const versionOf = (file: string) => JSON.stringify({ signed: { meta: { [file]: { version: 1 } } } });
  const files: Record<string, Buffer | string> = {
    "metadata/timestamp.json": versionOf("snapshot.json"),
    "metadata/1.snapshot.json": versionOf("targets.json"),
    "metadata/1.targets.json": "{}",
    [`targets/${sha(release)}.greenhouse-2.json`]: release,
  };
  const installs = () => fake.calls.filter(({ operation }) => operation === "install");

  /** Serves everything; of the artifact nothing beyond `artifactBytes`, and then the connection stands still. */
  function serve(artifactBytes = artifact.length) {
    kms.serve((request, response) => {
      const path = (request.url ?? "").replace("/device/v1/", "");
      if (path.startsWith("blobs/")) sendArtifact(request.headers.range, response, artifactBytes);
      else if (files[path] === undefined) response.writeHead(404).end();
      else response.end(files[path]);
    });
  }
  function sendArtifact(range: string | undefined, response: ServerResponse, artifactBytes: number) {
    const from = Number(/\d+/.exec(range ?? "")?.[0] ?? 0);
    response.setHeader("content-length", artifact.length - from);
    if (range) response.writeHead(206, { "content-range": `bytes ${from}-${artifact.length - 1}/${artifact.length}` });
    response.write(artifact.subarray(from, artifactBytes));
    if (artifactBytes === artifact.length) response.end();
  }
  beforeEach(() => {
    const missing = [{ digest: sha(artifact), length: artifact.length }];
    fake.device.examine = async () => ({ verdict: accepted, missing, roomBytes: 0 });
  });

  test("a release is fetched, given to the verifier and its verdict reported", async () => {
    serve();
    fake.device.install = async () => {
      expect(sha(await readFile(join(fake.directory, "blobs", sha(artifact))))).toBe(sha(artifact));
      return { accepted: false, code: "RELEASE_SIGNATURE_INVALID", message: "signed by a stranger" };
    };
    await start(kms.port);
    await isConnected();
    const id = command(deployment);
    await eventually(() =>
      expect(sent("command-result")).toMatchObject([{ id, outcome: "refused", code: "RELEASE_SIGNATURE_INVALID" }]),
    );
    expect(fake.calls.map(({ operation }) => operation)).toEqual(["examine", "install"]);
  });

  test("one that the agent's end interrupts goes on with the next start, from the bytes that were there", async () => {
    serve(120_000);
    const stop = await start(kms.port);
    await isConnected();
    const id = command(deployment);
    const part = join(fake.directory, "blobs", `${sha(artifact)}.part`);
    await eventually(async () => expect((await stat(part)).size).toBe(120_000));
    await stop();
    expect(sent("command-result")).toEqual([]);
    serve();
    await start(kms.port);
    await eventually(() => expect(sent("command-result")).toMatchObject([{ id, outcome: "done" }]));
    expect(installs()).toHaveLength(1);
  });

  test.each([
    ["done", { ...statusOf(2, sha(release)) }],
    ["failed", { ...statusOf(1), update: { state: "rolled-back" as const, reason: "climate did not start" } }],
  ])(
    "one whose activation ended the agent is reported as %s by what runs afterwards, and not repeated",
    async (outcome, status) => {
      serve();
      fake.device.install = () => new Promise(() => undefined);
      const stop = await start(kms.port);
      await isConnected();
      const id = command(deployment);
      await eventually(() => expect(installs()).toHaveLength(1));
      await stop();
      fake.device.status = status;
      await start(kms.port);
      await eventually(() => expect(sent("command-result")).toMatchObject([{ id, outcome }]));
      expect(installs()).toHaveLength(1);
    },
  );

  test("a restart does not wait for a deployment that takes long", async () => {
    serve(10);
    await start(kms.port);
    await isConnected();
    command(deployment);
    await eventually(() => expect(fake.calls.map(({ operation }) => operation)).toEqual(["examine"]));
    const id = command({ kind: "restart-component", component: "climate" });
    await eventually(() => expect(sent("command-result")).toMatchObject([{ id, outcome: "done" }]));
  });
});
