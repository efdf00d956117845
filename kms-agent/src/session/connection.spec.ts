/** Whatever a KMS does at whatever point of a connection, the connection ends with a reason and in time, and nothing else does. */
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { generateSigningKey, maxMessageBytes, signMessage, transcriptBytes } from "@bulkhead/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { WebSocket } from "ws";
import { type FakeKms, makeIdentities, startFakeKms } from "../testing/fake-kms.ts";
import { type Ending, type OpenSession, runConnection } from "./connection.ts";

const keys = makeIdentities();
const pins = {
  deviceId: "d-0123456789abcdef",
  deviceTunnelKey: keys.deviceTunnel.publicKey,
  kmsTunnelKey: keys.kmsTunnel.publicKey,
  instanceKey: keys.instance.publicKey,
};
const nothing = { telemetryBytes: 0, logsBytes: 0, traceBytes: 0 };
/** Short where silence is what is tried; else nothing may be waited for. */
const [patient, impatient] = [
  { handshakeMs: 60_000, livenessMs: 60_000 },
  { handshakeMs: 200, livenessMs: 200 },
];

let kms: FakeKms;
beforeAll(async () => {
  kms = await startFakeKms(keys);
});
afterAll(() => kms.close());

type Life = { ending: Ending; wasOpen: boolean; stored: string };

/** One connection to its end; what was asked of an open session ends with it. */
async function connect(port: number, times = patient): Promise<Life> {
  let session: OpenSession | undefined;
  let stored = "nobody asked";
  const ports = {
    sign: async (transcript: Parameters<typeof transcriptBytes>[1]) => ({
      signature: signMessage(keys.device, transcriptBytes("device", transcript)),
    }),
    onOpen(open: OpenSession) {
      session = open;
      open.nextBatch().stored.then(
        () => {
          stored = "stored";
        },
        ({ code }: { code: string }) => {
          stored = code;
        },
      );
    },
    onCommand: () => undefined,
  };
  const config = {
    pins,
    authority: `127.0.0.1:${port}`,
    rootVersion: 1,
    sleep: null,
    firstIncarnation: 1,
    store: nothing,
  };
  const ending = await runConnection(config, ports, new AbortController().signal, times);
  return { ending, wasOpen: session?.closed.aborted === true, stored };
}

type Tcp = { _socket: Socket };
const tcpOf = (socket: WebSocket) => (socket as unknown as Tcp)._socket;
/** RFC 6455, section 5.2: a text frame of 4096 bytes, of which three come. */
const half = Buffer.from([0x81, 0x7e, 0x10, 0x00, 0x7b, 0x22, 0x61]);

const misdeeds: readonly (readonly [string, (socket: WebSocket) => void, RegExp])[] = [
  ["says what is no message", (socket) => socket.send("hello?"), /PROTOCOL_INVALID/],
  ["says bytes", (socket) => socket.send(Buffer.from([0, 1, 2])), /PROTOCOL_INVALID/],
  ["says more than a message may have", (socket) => socket.send("x".repeat(maxMessageBytes + 1)), /Max payload size/],
  ["sends what is no frame", (socket) => tcpOf(socket).write(Buffer.alloc(64, 0xff)), /Invalid WebSocket frame/],
  [
    "announces a frame without end",
    (socket) => tcpOf(socket).write(Buffer.from([0x81, 0x7f, ...Buffer.alloc(8, 0x7f)])),
    /PEER_GONE/,
  ],
  ["is killed in the middle of a frame", (socket) => tcpOf(socket).end(half), /PEER_GONE/],
  ["is killed", (socket) => socket.terminate(), /PEER_GONE/],
  ["closes", (socket) => socket.close(1001), /PEER_GONE/],
];

describe("[M4] a KMS that", () => {
  test.each(misdeeds)("%s in the place of its challenge is left", async (_, misbehave, reason) => {
    kms.onHello((socket) => misbehave(socket));
    const { ending, wasOpen } = await connect(kms.port);
    expect(`${ending.code} ${ending.reason}`).toMatch(reason);
    expect([ending.openedAtMs, wasOpen]).toEqual([null, false]);
  });

  test.each(misdeeds)(
    "%s once it was believed is left, and what it was asked to store is not stored",
    async (_, misbehave, reason) => {
      kms.onHello((socket, transcript) => {
        socket.send(kms.challenge(transcript));
        socket.once("message", () => setImmediate(() => misbehave(socket)));
      });
      const { ending, wasOpen, stored } = await connect(kms.port);
      expect(`${ending.code} ${ending.reason}`).toMatch(reason);
      expect([wasOpen, stored]).toEqual([true, "PEER_GONE"]);
    },
  );

  test("says nothing, says half of a frame and waits, or cannot prove who it is, is left in time", async () => {
    kms.onHello(() => undefined);
    expect((await connect(kms.port, impatient)).ending.reason).toContain("did not finish the handshake");
    kms.onHello((socket) => tcpOf(socket).write(half));
    expect((await connect(kms.port, impatient)).ending.reason).toContain("did not finish the handshake");
    kms.onHello((socket, transcript) => socket.send(kms.challenge(transcript, generateSigningKey())));
    expect((await connect(kms.port)).ending.code).toBe("NOT_AUTHENTICATED");
  });

  test("falls silent in the middle of a frame once it was believed is left in time", { timeout: 20_000 }, async () => {
    kms.onHello((socket, transcript) => {
      socket.send(kms.challenge(transcript));
      // What it answers to whether it is there comes behind the rest of that frame, which never comes.
      socket.once("message", () => setImmediate(() => tcpOf(socket).write(half)));
    });
    const { ending, stored } = await connect(kms.port, { handshakeMs: 60_000, livenessMs: 200 });
    expect(ending.reason).toContain("no sign of life");
    expect(stored).toBe("PEER_GONE");
  });
});

describe("[M4] who is no KMS and", () => {
  const answers: readonly (readonly [string, (socket: Socket) => void])[] = [
    ["says nothing", () => undefined],
    ["says what is no HTTP", (socket) => socket.write("\u0000\u0001 garbage\r\n\r\n")],
    ["says another thing", (socket) => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")],
    ["has a head without end", (socket) => drip(socket)],
    ["goes in the middle of its head", (socket) => socket.end("HTTP/1.1 101 Switching")],
    ["takes a key for another", (socket) => socket.write(upgraded)],
  ];
  const upgraded =
    "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: AAAA\r\n\r\n";
  function drip(socket: Socket): void {
    socket.write("HTTP/1.1 101 Switching Protocols\r\n");
    const more = () => void (socket.writable && socket.write(`x: ${"y".repeat(1024)}\r\n`, () => setImmediate(more)));
    more();
  }

  test.each(answers)("%s is left", async (_, misbehave) => {
    const server = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.once("data", () => misbehave(socket));
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    try {
      const { ending } = await connect((server.address() as AddressInfo).port, impatient);
      expect(ending).toMatchObject({ code: expect.stringMatching(/PEER_GONE|DEADLINE_EXCEEDED/), openedAtMs: null });
    } finally {
      server.close();
    }
  });
});
