import type { BulkheadError } from "@bulkhead/protocol";
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { encodeFrame } from "../codec.ts";
import { defineInterface } from "../interface.ts";
import { bystander, closeAll, handlers, hello, pair, rawConnection, rawPair, valve } from "../testing/valve.ts";

/** Machines that run eight things at once take their time. */
const eventually = <T>(probe: () => T | Promise<T>) => expect.poll(probe, { timeout: 20_000 });
const code = (expected: string) => expect.objectContaining({ code: expected });

afterEach(closeAll);

describe("[K3] a call", () => {
  test("brings its result, and the errors of the provider by their code", async () => {
    const { client } = await pair();
    expect(await client.read()).toEqual({ percent: 40 });
    expect(await client.write({ percent: 10 })).toBeNull();
    await expect(client.fail("coded")).rejects.toEqual(
      expect.objectContaining({ code: "STATE_DAMAGED", message: expect.stringContaining("the valve is stuck") }),
    );
  });

  test("that fails without a code says nothing of the provider's inside, which goes to the provider's log", async () => {
    const { client, lines } = await pair();
    const error = await client.fail("plain").catch((e: unknown) => e as BulkheadError);
    expect(error).toMatchObject({ code: "COMPONENT_ERROR" });
    expect((error as Error).message).not.toContain("1234");
    expect(lines.join()).toContain("password is 1234");
  });

  test("is checked at the client, at the provider and on the way back", async () => {
    const { client, path, clientEnd } = await pair();
    await expect(client.write({ percent: 101 })).rejects.toEqual(code("IPC_ARGUMENTS_INVALID"));
    await expect(client.fail("bad-result")).rejects.toEqual(code("IPC_RESULT_INVALID"));
    clientEnd.close();
    const raw = await rawConnection(path);
    raw.socket.write(
      Buffer.concat([
        hello(),
        encodeFrame([0, 1, "write", { percent: 101 }]),
        encodeFrame([0, 2, "explode", null]),
        encodeFrame([0, 3, "constructor", null]),
      ]),
    );
    await eventually(() => raw.messages.length).toBe(4);
    expect(raw.messages.slice(1)).toMatchObject([
      [1, 1, { code: "IPC_ARGUMENTS_INVALID" }, null],
      [1, 2, { code: "IPC_UNKNOWN_OPERATION" }, null],
      [1, 3, { code: "IPC_UNKNOWN_OPERATION" }, null],
    ]);
    raw.socket.destroy();
  });

  test("that the grant does not allow is refused by the provider's stub", async () => {
    const { client } = await pair(handlers, false);
    await expect(client.write({ percent: 1 })).rejects.toEqual(code("IPC_NOT_GRANTED"));
    expect(await client.read()).toEqual({ percent: 40 });
  });

  test("has a deadline", async () => {
    const { client } = await pair();
    await expect(client.hang(null, { deadlineMs: 30 })).rejects.toEqual(code("DEADLINE_EXCEEDED"));
    expect(await client.read()).toEqual({ percent: 40 });
  });

  test("beyond 256 that wait is refused at once, at both ends", async () => {
    const { client, path, clientEnd } = await pair();
    const waiting = Array.from({ length: 256 }, () => client.hang(null, { deadlineMs: 300 }).catch(() => "late"));
    await expect(client.read()).rejects.toEqual(code("IPC_OVERLOADED"));
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(["late"]));
    clientEnd.close();
    const raw = await rawConnection(path);
    raw.socket.write(
      Buffer.concat([hello(), ...Array.from({ length: 257 }, (_, id) => encodeFrame([0, id, "hang", null]))]),
    );
    await eventually(() => raw.messages.length).toBe(2);
    expect(raw.messages[1]).toMatchObject([1, 256, { code: "IPC_OVERLOADED" }, null]);
    raw.socket.destroy();
  });

  test("of a connection that has gone counts: a client that comes again and again piles up nothing", async () => {
    const { path, clientEnd } = await pair();
    clientEnd.close();
    const hang = Array.from({ length: 256 }, (_, id) => encodeFrame([0, id, "hang", null]));
    for (let round = 0; round < 4; round++) {
      const raw = await rawConnection(path);
      raw.socket.write(Buffer.concat([hello(), ...hang, encodeFrame([0, 256, "hang", null])]));
      await eventually(() => raw.messages.length).toBe(2);
      raw.socket.destroy();
    }
    const last = await rawConnection(path);
    last.socket.write(Buffer.concat([hello(), encodeFrame([0, 1, "hang", null])]));
    await eventually(() => last.messages[1]).toMatchObject([1, 1, { code: "IPC_OVERLOADED" }, null]);
    last.socket.destroy();
  });

  test("carries every value that an interface can describe there and back", async () => {
    const { client } = await pair();
    const value = fc.oneof(
      fc
        .jsonValue({ maxDepth: 5 })
        .filter((v) => !JSON.stringify(v).includes("-0") && !JSON.stringify(v).includes("__proto__")),
      fc.uint8Array({ maxLength: 100_000 }),
    );
    await fc.assert(
      fc.asyncProperty(value, async (sent) => {
        const result = await client.echo(sent);
        expect(JSON.stringify(result)).toBe(JSON.stringify(sent));
      }),
    );
  });

  test("too large for a frame fails alone", async () => {
    const { client } = await pair();
    await expect(client.echo("x".repeat(1024 * 1024))).rejects.toEqual(code("IPC_FRAME_TOO_LARGE"));
    expect(await client.read()).toEqual({ percent: 40 });
  });
});

describe("[K3] a provider that restarts", () => {
  test("fails calls that may not be repeated with PEER_GONE, and the others are repeated once", async () => {
    let calls = 0;
    const { client, restart } = await pair({
      ...handlers,
      hang: () => (calls++ === 0 ? new Promise<null>(() => {}) : null),
    });
    const [lost, repeated] = [client.hangOnce(null, { deadlineMs: 5_000 }), client.hang(null, { deadlineMs: 5_000 })];
    await eventually(() => calls).toBe(1);
    const refused = expect(lost).rejects.toMatchObject({ code: "PEER_GONE", data: { lostIncarnation: 1 } });
    await restart();
    await refused;
    expect(await repeated).toBeNull();
    expect(calls).toBe(2);
    expect(client.channel).toMatchObject({ up: true, incarnation: 2 });
  });

  test("is told to the client in order, with its incarnation", async () => {
    const { client, restart } = await pair();
    await client.read();
    const states: unknown[] = [];
    client.channel.onPeer((state) => states.push(state));
    await restart();
    await client.read();
    expect(states).toEqual([
      { up: false, incarnation: 1 },
      { up: true, incarnation: 2 },
    ]);
  });

  test("and stays away fails calls at their deadline, and at once those that may not be repeated", async () => {
    const { client, stop } = await pair();
    await client.read();
    await stop();
    await expect(client.write({ percent: 1 }, { deadlineMs: 60_000 })).rejects.toEqual(code("PEER_GONE"));
    await expect(client.read(null, { deadlineMs: 30 })).rejects.toEqual(code("PEER_GONE"));
  });
});

describe("[K3] notifications", () => {
  test("arrive in order", async () => {
    const { client, served } = await pair();
    const seen: number[] = [];
    client.channel.on("moved", ({ percent }) => seen.push(percent));
    await client.read();
    for (let percent = 0; percent < 500; percent++) served()?.notify("moved", { percent });
    await eventually(() => seen.length).toBe(500);
    expect(seen).toEqual(Array.from({ length: 500 }, (_, i) => i));
  });

  test("to a client that does not read are dropped and counted, and others get theirs", async () => {
    const other = await bystander();
    const { path, served, server } = await rawPair();
    const raw = await rawConnection(path);
    raw.socket.pause();
    raw.socket.write(hello());
    await eventually(() => served()?.component).toBe("client");
    const sent = Array.from({ length: 100 }, () => served()?.notify("text", "x".repeat(10_000)));
    expect(sent).toContain(false);
    expect(server().counters.droppedNotifications).toBeGreaterThan(0);
    expect(await other.read()).toEqual({ percent: 40 });
    raw.socket.destroy();
  });
});

describe("[K7] a client that breaks the rules", () => {
  test("loses its connection for a frame that is too large, before it is sent, and is counted", async () => {
    const { path, server, lines } = await rawPair();
    const raw = await rawConnection(path);
    raw.socket.write(Buffer.concat([hello(), Buffer.from([0x7f, 0xff, 0xff, 0xff])]));
    await raw.closed;
    await eventually(() => server().counters.refusedConnections).toBe(1);
    expect(lines.join()).toContain("IPC_FRAME_TOO_LARGE");
  });

  test("loses it for a frame that does not end, however its bytes drip", async () => {
    const { path, server } = await rawPair(handlers, { halfFrameMs: 100 });
    const raw = await rawConnection(path);
    raw.socket.write(Buffer.concat([hello(), Buffer.from([0, 0, 0, 200])]));
    const drip = setInterval(() => raw.socket.write(Buffer.from([0])), 10);
    await raw.closed;
    clearInterval(drip);
    await eventually(() => server().counters.refusedConnections).toBe(1);
  });

  test("is told apart by its interface", async () => {
    const { path, server, lines } = await rawPair();
    const raw = await rawConnection(path);
    raw.socket.write(hello("0".repeat(64)));
    await raw.closed;
    await eventually(() => server().counters.refusedConnections).toBe(1);
    expect(lines.join()).toContain("IPC_INTERFACE_MISMATCH");
  });

  test("asks without reading the answers is read no more until it does", async () => {
    const other = await bystander();
    let calls = 0;
    const { path } = await rawPair({
      ...handlers,
      echo: (args) => {
        calls++;
        return args;
      },
    });
    const raw = await rawConnection(path);
    raw.socket.pause();
    raw.socket.write(hello());
    // 20 MB: more than sockets and queues hold together.
    for (let id = 0; id < 200; id++) raw.socket.write(encodeFrame([0, id, "echo", "x".repeat(100_000)]));
    for (let i = 0; i < 500; i++) await other.read();
    expect(calls).toBeLessThan(50);
    raw.socket.resume();
    await eventually(() => raw.messages.length).toBe(201);
    raw.socket.destroy();
  });

  test("by random bytes or random frames never ends the provider nor disturbs another client", async () => {
    const other = await bystander();
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 200 });
    const frame = fc
      .oneof(fc.jsonValue(), fc.tuple(fc.constantFrom(0, 1, 2, 3), fc.nat(), fc.string(), fc.jsonValue()))
      .map((m) => encodeFrame(m));
    const part = fc.oneof(bytes, frame, fc.constant(hello()));
    let path = "";
    // A channel takes 50 connections at once; more of them would not be read at all.
    for (const numRuns of [40, 40, 40, 40, 40, 40]) {
      ({ path } = await rawPair());
      await fc.assert(
        fc.asyncProperty(fc.array(part, { minLength: 1, maxLength: 5 }), async (parts) => {
          const raw = await rawConnection(path);
          raw.socket.end(Buffer.concat(parts));
          await raw.closed;
          expect(await other.read()).toEqual({ percent: 40 });
        }),
        { numRuns },
      );
    }
    const fresh = await rawConnection(path);
    fresh.socket.write(Buffer.concat([hello(), encodeFrame([0, 1, "read", null])]));
    await eventually(() => fresh.messages[1]).toEqual([1, 1, null, { percent: 40 }]);
    fresh.socket.destroy();
  });
});

describe("[K7] a provider that breaks the rules", () => {
  test("is told apart by its interface; calls fail with the reason and not at their deadline", async () => {
    const { clientEnd, path } = await pair();
    clientEnd.close();
    const other = defineInterface({ name: "valve", operations: { read: valve.operations.read } });
    const { createClientEnd } = await import("./client.ts");
    const { createLog } = await import("../log.ts");
    const end = createClientEnd({
      interface: other,
      path,
      name: "v",
      self: { component: "c", incarnation: 1 },
      log: createLog(() => {}),
    });
    end.setPeer({ up: true, incarnation: 1 });
    await expect(end.client.read(null, { deadlineMs: 60_000 })).rejects.toEqual(code("IPC_INTERFACE_MISMATCH"));
    await expect(end.client.read(null, { deadlineMs: 60_000 })).rejects.toEqual(code("IPC_INTERFACE_MISMATCH"));
    end.close();
  });
});
