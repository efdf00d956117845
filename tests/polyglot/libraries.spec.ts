import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encode } from "@msgpack/msgpack";
import { execa } from "execa";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { until } from "../../runtime/src/root-server/testing/bench.ts";
import { languages } from "./languages.ts";
import { testLeases } from "./lease-tests.ts";
import { hasRust } from "./rust-station.ts";
import { answerTo, type Frames, hello, linkProvider, notification, request, startStation } from "./station.ts";
import { stationOf } from "./station-of.ts";
import { almostFrames, framed, streamOf, untilServed } from "./stream-frames.ts";
import { testStreams } from "./stream-tests.ts";

const token = { round: 1, trail: "before" };

/** A call of `client` all the way. A machine that is busy for longer than the station waits is no fault of the station's. */
async function throughStation(client: Frames, provider: Frames) {
  for (let id = 0; ; id++) {
    const before = provider.heard.length;
    client.send([0, id, "pass", token]);
    const passed = await until(() => provider.heard.slice(before).map(request).at(-1), "the good client's call");
    provider.send([1, passed.id, null, { trail: "fine" }]);
    const answer = await client.find(answerTo(id));
    if (id === 3 || !JSON.stringify(answer.error).includes("DEADLINE")) return answer;
  }
}

const call = (args: readonly number[]) => Buffer.from([0x94, 0, 1, 0xa4, ...Buffer.from("pass"), ...args]);
const brokenFrames: [what: string, body: Buffer][] = [
  ["is empty", Buffer.alloc(0)],
  ["has something behind its message", Buffer.concat([call([0xc0]), Buffer.from([0xc0])])],
  ["announces text beyond its end", call([0xdb, 0xff, 0xff, 0xff, 0xff, 0x61])],
  ["announces bytes beyond its end", call([0xc6, 0x7f, 0xff, 0xff, 0xff])],
  ["announces an array beyond its end", call([0xdd, 0xff, 0xff, 0xff, 0xff])],
  ["announces a map beyond its end", call([0xdf, 0x80, 0, 0, 0, 0xa1, 0x61])],
  ["is nested without end", call(Array.from({ length: 2000 }, () => 0x91))],
  ["holds an extension type", call([0xd4, 1, 1])],
  ["holds the byte that is never used", call([0xc1])],
  ["is a response", Buffer.from([0x94, 1, 1, 0xc0, 0xc0])],
  ["is a notification", Buffer.from([0x93, 2, 0xa1, 0x61, 0xc0])],
  ["is no array", Buffer.from([0x01])],
  ["has a name of 65 bytes", Buffer.from([0x94, 0, 1, 0xd9, 65, ...Buffer.alloc(65, 0x61), 0xc0])],
];

describe.each(languages)("[K10] the client library for $language", ({ build, hold, skip }) => {
  const start = stationOf({ build, skip });
  const linked = async () => linkProvider(await start());

  test("says ready and beats, and hello with the digest of the build", async () => {
    const { control, connect } = await start();
    await control.find(notification("heartbeat"));
    const client = await connect();
    const { body } = await client.find(notification("hello"));
    expect([2, "hello", body]).toEqual(hello("station", 3));
  });

  test("carries a call to the next provider and its answer back", async () => {
    const { station: it, provider } = await linked();
    const client = await it.connect();
    client.send([0, 7, "pass", token]);
    const passed = await provider.find(request);
    expect(passed.args).toEqual({ round: 1, trail: "before station" });
    provider.send([1, passed.id, null, { trail: "before station after" }]);
    expect(await client.find(answerTo(7))).toEqual({ error: null, result: { trail: "before station after" } });
  });

  test("repeats an idempotent call where the provider has gone and come again", async () => {
    const { station: it, provider } = await linked();
    const client = await it.connect();
    client.send([0, 1, "pass", token]);
    await provider.find(request);
    it.peer(false, 1);
    await until(provider.closed, "the end of the connection");
    it.peer(true, 2);
    const again = await it.provider.connection(1);
    again.send(hello("after", 2));
    const passed = await again.find(request);
    again.send([1, passed.id, null, { trail: "twice" }]);
    expect(await client.find(answerTo(1))).toEqual({ error: null, result: { trail: "twice" } });
  });

  test("fails a call that nobody can take", async () => {
    const { station: it } = await linked();
    const client = await it.connect();
    it.peer(false, 1);
    client.send([0, 2, "pass", token]);
    expect((await client.find(answerTo(2))).error).toMatchObject({ code: "PEER_GONE" });
  });

  test("hands on the code that a provider answers with", async () => {
    const { station: it, provider } = await linked();
    const client = await it.connect();
    client.send([0, 1, "pass", token]);
    const { id } = await provider.find(request);
    provider.send([1, id, { code: "IPC_NOT_GRANTED", message: "not you" }, null]);
    expect((await client.find(answerTo(1))).error).toMatchObject({ code: "IPC_NOT_GRANTED" });
  });

  test("does not speak with an end that was built from another interface", async () => {
    const { station: it, provider } = await linked();
    const stranger = await it.connect("0".repeat(64));
    await until(stranger.closed, "the stranger's end");
    await until(() => it.output().includes('{"code":"IPC_INTERFACE_MISMATCH","refused":1}'), "its line of the log");
    it.peer(true, 2);
    await until(provider.closed, "the end of the old incarnation");
    const second = await it.provider.connection(1);
    second.send(hello("after", 2, "1".repeat(64)));
    await until(second.closed, "the other stranger's end");
    const client = await it.connect();
    client.send([0, 1, "pass", token]);
    expect((await client.find(answerTo(1))).error).toMatchObject({ code: "IPC_INTERFACE_MISMATCH" });
    it.peer(true, 3);
    const third = await it.provider.connection(2);
    third.send(hello("after", 3));
    client.send([0, 2, "pass", token]);
    third.send([1, (await third.find(request)).id, null, { trail: "again" }]);
    expect((await client.find(answerTo(2))).error).toBeNull();
  });

  test("refuses operations that the interface has not or the manifest does not allow", async () => {
    const { connect } = await start({ operations: [] });
    const client = await connect();
    client.send([0, 1, "pass", token]);
    client.send([0, 2, "nothing", null]);
    expect((await client.find(answerTo(1))).error).toMatchObject({ code: "IPC_NOT_GRANTED" });
    expect((await client.find(answerTo(2))).error).toMatchObject({ code: "IPC_UNKNOWN_OPERATION" });
  });

  test("refuses arguments that do not fit the interface", async () => {
    const { connect } = await start();
    const client = await connect();
    const misfits = [
      null,
      1,
      [],
      {},
      { round: 1 },
      { round: 0, trail: "" },
      { ...token, more: 1 },
      { round: "1", trail: "" },
    ];
    for (const [id, misfit] of misfits.entries()) client.send([0, id, "pass", misfit]);
    for (const id of misfits.keys()) {
      expect((await client.find(answerTo(id))).error).toMatchObject({ code: "IPC_ARGUMENTS_INVALID" });
    }
  });

  test.each(brokenFrames)("a frame that %s ends the connection", async (_, bytes) => {
    const { connect } = await start();
    const client = await connect();
    client.raw(framed(bytes));
    await until(client.closed, "the end of the connection");
  });

  test("a client that sends whatever it likes loses its connection and disturbs nobody", async () => {
    const { station: it, provider } = await linked();
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 64 }),
      fc.uint8Array({ maxLength: 64 }).map(framed),
      fc.jsonValue({ maxDepth: 8 }).map((value) => framed(encode(value))),
      fc
        .tuple(fc.constantFrom(0, 1, 2, 3, 4, 5, 6, -1, "x"), fc.jsonValue(), fc.jsonValue(), fc.jsonValue())
        .map((frame) => framed(encode(frame))),
      almostFrames.map((frame) => framed(encode(frame))),
      fc.constant(Buffer.from([0xff, 0xff, 0xff, 0xff])),
      fc.constant(framed(Buffer.alloc(2000, 0x91))),
      fc.constant(framed(Buffer.from([0xdd, 0xff, 0xff, 0xff, 0xff]))),
    );
    await fc.assert(
      fc.asyncProperty(fc.boolean(), fc.array(bytes, { minLength: 1, maxLength: 4 }), async (greets, pieces) => {
        const bad = await it.connect();
        if (!greets) bad.close();
        for (const piece of pieces) bad.raw(piece);
        const good = await it.connect();
        expect((await throughStation(good, provider)).error).toBeNull();
        bad.close();
        good.close();
      }),
      { numRuns: 30 },
    );
    await it.control.find(notification("heartbeat"));
  });

  testStreams(linked);
  testLeases(start);

  test("begins no more for a client that comes again and again than 1024 calls, and 16 streams, that are not answered, and counts none that is cancelled", async () => {
    const { command, directory } = await build(hold);
    const holding = await startStation(command);
    for (let round = 0; round < 4; round++) {
      const client = await holding.connect();
      for (let id = 0; id <= 256; id++) client.send([0, id, "pass", token]);
      expect((await client.find(answerTo(256))).error).toMatchObject({ code: "IPC_OVERLOADED" });
      expect(client.heard.filter((frame) => Array.isArray(frame) && frame[0] === 1)).toHaveLength(1);
      client.close();
    }
    const last = await holding.connect();
    last.send([0, 1, "pass", token]);
    expect((await last.find(answerTo(1))).error).toMatchObject({ code: "IPC_OVERLOADED" });
    await holding.close();
    const streaming = await startStation(command);
    const client = await streaming.connect();
    for (let id = 1; id <= 17; id++) client.send([3, id, "down", { count: 1, sizeBytes: 0 }, 0]);
    expect(await until(() => streamOf(client, 17).end(), "its refusal")).toBe("IPC_OVERLOADED");
    expect(client.heard.filter((frame) => Array.isArray(frame) && frame[0] === 6)).toHaveLength(1);
    client.close();
    const cancelling = await streaming.connect();
    for (let id = 1; id <= 1100; id++) {
      cancelling.send([3, id, "down", { count: 1, sizeBytes: 0 }, 0]);
      cancelling.send([6, id, null]);
    }
    await untilServed(cancelling, 2000);
    await streaming.close();
    await rm(directory, { recursive: true, force: true });
  });

  test("ends with 0 when it is asked to stop, with 1 when the root server has gone", async () => {
    const first = await start();
    first.control.send([2, "stop", { graceMs: 1000, reason: "the test" }]);
    expect(await first.ended).toBe(0);
    await first.close();
    const second = await start();
    second.control.close();
    expect(await second.ended).toBe(1);
  });
});

test.skipIf(!hasRust())("[K10] the tests within the Rust library pass", async () => {
  const directory = await mkdtemp(join(tmpdir(), "bulkhead-rust-tests-"));
  const program = join(directory, "tests");
  const library = join(import.meta.dirname, "../../sdk/rust/src/lib.rs");
  await execa("rustc", ["--test", "--edition", "2021", "-o", program, library]);
  const { stdout } = await execa(program, []);
  expect(stdout).toMatch(/[1-9]\d* passed; 0 failed/);
  await rm(directory, { recursive: true, force: true });
});
