/** The control socket and its client on a real Unix socket, and the peers on a real disk. */
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { request, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BulkheadError, generateX25519Key } from "@bulkhead/protocol";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { gatewayClient } from "./client.ts";
import { type ControlHandlers, startControl } from "./control.ts";
import type { GatewayStatus, Peer } from "./messages.ts";
import { readPeers, writePeers } from "./peer-store.ts";

let directory: string;
let socket: string;
let server: Server | undefined;
const status: GatewayStatus = { interface: "wg0", backend: "userspace", peers: [] };
const peer: Peer = { publicKey: generateX25519Key().publicKey, allowedPrefix: "fd12::1:0/112" };

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "gateway-"));
  socket = join(directory, "control", "socket");
});

afterEach(async () => {
  server?.closeAllConnections();
  server?.close();
  await rm(directory, { recursive: true });
});

async function start(handlers: Partial<ControlHandlers> = {}): Promise<Peer[][]> {
  const calls: Peer[][] = [];
  const setPeers: ControlHandlers["setPeers"] = async (peers) => {
    calls.push([...peers]);
    return { added: peers.length, removed: 0 };
  };
  const others = { resetPeer: async () => undefined, status: async () => status };
  server = await startControl(socket, null, { setPeers, ...others, ...handlers });
  return calls;
}

function send(method: string, path: string, body: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath: socket, method, path, agent: false }, (response) => {
      response.resume().on("end", () => resolve(response.statusCode ?? 0));
    });
    outgoing.on("error", reject).end(body);
  });
}

describe("the control socket", () => {
  test("[M3] the KMS sets the peers and reads the status", async () => {
    const calls = await start();
    expect(await gatewayClient(socket).setPeers([peer])).toEqual({ added: 1, removed: 0 });
    expect(calls).toEqual([[peer]]);
    expect(await gatewayClient(socket).status()).toEqual(status);
  });

  test("[K13] the KMS has a peer reset, by its key and no other way", async () => {
    const reset: string[] = [];
    await start({ resetPeer: async (key) => void reset.push(key) });
    await gatewayClient(socket).resetPeer(peer.publicKey);
    expect(reset).toEqual([peer.publicKey]);
    expect(await send("POST", "/reset-peer", '{"publicKey":"all"}')).toBe(400);
    expect(reset).toHaveLength(1);
  });

  test("nobody else can open it", async () => {
    await start();
    expect((await stat(socket)).mode & 0o777).toBe(0o600);
    expect((await stat(join(directory, "control"))).mode & 0o777).toBe(0o700);
  });

  test("a socket that a killed gateway left is replaced", async () => {
    await start();
    server?.close();
    await writeFile(socket, "");
    await start();
    expect(await gatewayClient(socket).status()).toEqual(status);
  });

  test("a refusal reaches the KMS with its code", async () => {
    const refusal = new BulkheadError("REQUEST_INVALID", "the prefix comes twice");
    await start({ setPeers: () => Promise.reject(refusal) });
    await expect(gatewayClient(socket).setPeers([peer])).rejects.toMatchObject({
      code: "REQUEST_INVALID",
      message: "the prefix comes twice",
    });
  });

  test("where no gateway is, the KMS is told so", async () => {
    await expect(gatewayClient(socket).status()).rejects.toMatchObject({ code: "GATEWAY_UNAVAILABLE" });
  });

  test("an answer that is none is not believed", async () => {
    await start({ status: async () => ({ peers: "many" }) as unknown as GatewayStatus });
    await expect(gatewayClient(socket).status()).rejects.toMatchObject({ code: "INTERNAL" });
  });

  test("what it does not know has an answer, and a body that is too large is not read to its end", async () => {
    const calls = await start();
    expect(await send("DELETE", "/peers", "")).toBe(404);
    expect(await send("GET", "/../etc/passwd", "")).toBe(404);
    expect(await send("PUT", "/peers", " ".repeat(17 * 1024 * 1024)).catch(() => 413)).toBe(413);
    expect(calls).toEqual([]);
  });

  test("whatever comes as peers: garbage is refused, changes nothing, and the next call works", async () => {
    const calls = await start();
    const garbage = fc.oneof(
      fc.string(),
      fc.json(),
      fc.json().map((json) => `{"peers":[${json}]}`),
    );
    await fc.assert(
      fc.asyncProperty(garbage, async (body) => {
        expect(await send("PUT", "/peers", body)).toBe(400);
      }),
    );
    expect(calls).toEqual([]);
    expect(await gatewayClient(socket).status()).toEqual(status);
  });
});

describe("the peers on disk", () => {
  const file = () => join(directory, "state", "peers.json");

  test("[M3] what was written is read, by nobody but the owner", async () => {
    expect(await readPeers(file())).toEqual([]);
    await writePeers(file(), [peer]);
    expect(await readPeers(file())).toEqual([peer]);
    expect((await stat(file())).mode & 0o777).toBe(0o600);
  });

  test.each(["", "{", '{"format":2,"peers":[]}', '{"format":1,"peers":[{"publicKey":"x"}]}'])(
    "a damaged file is reported, not guessed at: %j",
    async (content) => {
      await writePeers(file(), [peer]);
      await writeFile(file(), content);
      await expect(readPeers(file())).rejects.toMatchObject({ code: "STATE_DAMAGED" });
    },
  );

  test("a write that fails leaves the old peers whole", async () => {
    await writePeers(file(), [peer]);
    const before = await readFile(file(), "utf8");
    await expect(writePeers(`${file()}/impossible`, [])).rejects.toThrow();
    expect(await readFile(file(), "utf8")).toBe(before);
  });
});
