import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { until } from "../../runtime/src/root-server/testing/bench.ts";
import { type Bridge, compileBridge, record, recordsIn, startBridge } from "./bridge.ts";

const provided = "provides/before.next";
const used = "uses/next";

describe("[K10] the bridge between a guest and its channels", () => {
  let program: string;
  let bridge: Bridge;
  beforeAll(async () => {
    program = await compileBridge();
  });
  afterEach(() => bridge.close());
  afterAll(() => rm(dirname(program), { recursive: true, force: true }));

  async function start(): Promise<Bridge> {
    bridge = await startBridge(program);
    return bridge;
  }
  /** The same once the root server has spoken, and clients can come. */
  async function started(): Promise<Bridge> {
    await start();
    bridge.control.write("start");
    await until(() => existsSync(bridge.place(provided)), "the socket for clients");
    return bridge;
  }
  const recordsOf = (port: string) => recordsIn(bridge.heard(port));
  const contentOf = (port: string) => Buffer.concat(recordsOf(port).map(({ content }) => content));

  test("gives the machine a port for each channel, for control and log, and a console", async () => {
    await start();
    expect(bridge.heard("").toString()).toBe(["console", "control", "log", provided, used].join());
  });

  test("listens to clients once the root server has spoken: a spare must not take the place of who runs", async () => {
    await start();
    expect(existsSync(bridge.place(provided))).toBe(false);
    bridge.control.write("start");
    await until(() => existsSync(bridge.place(provided)), "the socket");
    await until(() => contentOf("control").toString() === "start", "what the root server said");
  });

  test.each([
    ["of no kind", used, record("z", 0)],
    ["of no slot", used, record("o", 8)],
    ["longer than a record can be", used, Buffer.from(["d".charCodeAt(0), 0, 0xff, 0xff])],
    ["for a connection that there is none of", used, record("d", 3, Buffer.from("x"))],
    ["that opens what is open", used, Buffer.concat([record("o", 1), record("o", 1)])],
    ["that opens what is always open", "control", record("o", 0)],
    ["that opens a connection where there are none", "control", record("o", 1)],
    ["that closes what is closed", used, record("c", 1)],
    ["with an exit code of two bytes", "control", record("x", 0, Buffer.from([1, 2]))],
  ])("ends with a guest that sends a record %s", async (_, port, bytes) => {
    await started();
    bridge.log();
    bridge.says(port, bytes);
    expect(await bridge.ended).toBe(1);
    expect(bridge.log()).toMatch(/the guest's end of a channel cannot be believed/);
  });

  test("ends as the guest's program did, after what it said last", async () => {
    await start();
    bridge.log();
    bridge.says("log", Buffer.from("info the last word\n"));
    bridge.says("control", record("x", 0, Buffer.from([7])));
    expect(await bridge.ended).toBe(7);
    expect(bridge.log()).toBe("info the last word\n");
  });

  test("ends when the root server has gone", async () => {
    await started();
    bridge.control.destroy();
    expect(await bridge.ended).toBe(1);
  });

  test("tells a guest that connects to nobody that it is closed", async () => {
    await started();
    bridge.says(used, record("o", 5));
    await until(() => recordsOf(used).some(({ kind, slot }) => kind === "c" && slot === 5), "the end");
  });

  test("uses a connection's number again only when both ends have closed it", async () => {
    await started();
    // Closed by the bridge and not yet by the guest.
    const half = new Set<number>();
    for (let round = 0; round < 20; round++) {
      bridge.forget(provided);
      const client = bridge.connect();
      let answer = "";
      client.on("data", (chunk) => (answer += chunk));
      client.write(`round ${round}`);
      await until(() => contentOf(provided).toString() === `round ${round}`, "what the client said");
      const slot = recordsOf(provided)[0]?.slot ?? -1;
      expect(half).not.toContain(slot);
      bridge.says(provided, record("d", slot, Buffer.from(`answer ${round}`)));
      await until(() => answer === `answer ${round}`, "the answer");
      client.destroy();
      await until(() => recordsOf(provided).at(-1)?.kind === "c", "the end");
      half.add(slot);
      if (half.size < 3) continue;
      for (const each of half) bridge.says(provided, record("c", each));
      half.clear();
    }
  });

  test("stops a guest whose client does not read, and loses nothing of it when the client reads on", async () => {
    await started();
    const client = bridge.connect().pause();
    await until(() => recordsOf(provided)[0]?.kind === "o", "the client");
    const piece = Buffer.alloc(16_000, "0123456789");
    const count = 500;
    for (let index = 0; index < count; index++) bridge.says(provided, record("d", 0, piece));
    // Meanwhile others are served.
    bridge.says(used, record("o", 0));
    await until(() => recordsOf(used)[0]?.kind === "c", "an answer beside");
    const chunks: Buffer[] = [];
    client.on("data", (chunk: Buffer) => chunks.push(chunk)).resume();
    const total = () => chunks.reduce((sum, { length }) => sum + length, 0);
    await until(() => total() === count * piece.length, "all of it");
    expect(Buffer.concat(chunks).equals(Buffer.concat(Array(count).fill(piece)))).toBe(true);
  });

  test("drops lines that nobody reads and says how many; the console's are marked, and cut where they are too long", async () => {
    await start();
    const flood = Buffer.from("info a line of a guest that does not stop\n".repeat(1000));
    for (let piece = 0; piece < 50; piece++) bridge.says("log", flood);
    bridge.says("log", Buffer.from("info the end\n"));
    bridge.says(used, record("o", 0));
    await until(() => recordsOf(used)[0]?.kind === "c", "that it goes on");
    // Until the pipe has room again, these are dropped as well.
    await until(() => {
      bridge.says("console", Buffer.from(`${"x".repeat(10_000)}\r\nKernel panic\r\n`));
      return /x\nwarn guest: Kernel panic$/m.test(bridge.log());
    }, "the console");
    const lines = bridge.log().split("\n");
    expect(lines.some((line) => /^warn \d+ lines of the guest were dropped, nobody read them$/.test(line))).toBe(true);
    expect(Math.max(...lines.map(({ length }) => length))).toBe(4095);
  });
});
