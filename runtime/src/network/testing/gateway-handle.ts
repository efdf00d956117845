/**
 * A gateway process that runs in a world, and a stand-in for the KMS behind it: Unix sockets that answer each
 * connection with the name of their relay and the address that the gateway's line names.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { KeyPair } from "@bulkhead/protocol";
import type { World } from "./world.ts";

export const gatewayAddress = "10.77.0.1";
export const gatewayPort = 51820;
export const kmsAddress = "fd12:3456:789a::1";

const gatewayProgram = new URL("../../../../kms/src/gateway/main.ts", import.meta.url).pathname;

export type GatewayHandle = {
  readonly directory: string;
  start(): Promise<void>;
  /** SIGKILL, as a crash would. */
  kill(): Promise<void>;
  setPeers(peers: readonly { publicKey: string; allowedPrefix: string }[]): Promise<number>;
  status(): Promise<{ peers: { publicKey: string; latestHandshakeMs: number | null; endpoint: string | null }[] }>;
  /** The KMS's side of a relay; by default it says its name and who asks. `serve` gets what came after the relay's line. */
  startService(name: string, serve?: (socket: Socket, first: Buffer) => void): Promise<void>;
  /** The KMS's "reset peer". */
  resetPeer(publicKey: string): Promise<number>;
  stopService(name: string): Promise<void>;
  close(): Promise<void>;
};

/** `uid`: who owns the world, and so has to read the configuration. */
export async function openGateway(
  world: World,
  key: KeyPair,
  relays: Readonly<Record<string, number>>,
  uid: number,
  backend: "userspace" | "kernel",
): Promise<GatewayHandle> {
  const directory = await mkdtemp(join(tmpdir(), "gw-"));
  const path = (name: string): string => join(directory, name);
  await writeFile(path("tunnel.key"), `${Buffer.from(key.privateKey, "base64url").toString("base64")}\n`, {
    mode: 0o600,
  });
  await writeFile(path("config.json"), JSON.stringify(configOf(path, relays, backend)));
  await mkdir(path("state"));
  for (const name of ["", "tunnel.key", "config.json", "state"]) await chown(path(name), uid, uid);
  const services = new Map<string, Server>();
  let child: ChildProcess | undefined;
  const call = (method: string, target: string, body?: unknown) => ask(path("control/socket"), method, target, body);
  const handle: GatewayHandle = {
    directory,
    async start() {
      child = await startProcess(world, path("config.json"));
    },
    async kill() {
      if (child) await killProcess(world, child);
      child = undefined;
    },
    setPeers: async (peers) => (await call("PUT", "/peers", { peers })).status,
    status: async () => JSON.parse((await call("GET", "/status")).text),
    async startService(name, serve = sayWhoAsks(name)) {
      services.set(name, await listenAs(serve, path(`${name}.sock`)));
    },
    resetPeer: async (publicKey) => (await call("POST", "/reset-peer", { publicKey })).status,
    stopService: async (name) => void services.get(name)?.close(),
    async close() {
      await handle.kill();
      for (const server of services.values()) server.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
  return handle;
}

function configOf(
  path: (name: string) => string,
  relays: Readonly<Record<string, number>>,
  backend: "userspace" | "kernel",
): object {
  return {
    format: 1,
    backend,
    stateFile: path("state/peers.json"),
    controlSocket: path("control/socket"),
    listenPort: gatewayPort,
    address: `${kmsAddress}/48`,
    interface: "wg-kms",
    privateKeyFile: path("tunnel.key"),
    relays: Object.entries(relays).map(([name, port]) => ({ name, port, socket: path(`${name}.sock`) })),
    mtu: 1280,
  };
}

const pids = new WeakMap<ChildProcess, number>();

async function startProcess(world: World, config: string): Promise<ChildProcess> {
  const [program = "", ...args] = [...world.enter("gw"), process.execPath, gatewayProgram, "--config", config];
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ready = JSON.parse((await lines.next()).value ?? "{}") as { ready?: boolean; pid?: number };
  if (!ready.ready || !ready.pid) throw new Error("the gateway did not become ready");
  pids.set(child, ready.pid);
  return child;
}

// The process is a grandchild: nsenter waits for it, and a signal to nsenter would not reach it.
async function killProcess(world: World, child: ChildProcess): Promise<void> {
  const ended = once(child, "exit");
  await world.run(null, ["kill", "-9", `${pids.get(child)}`]);
  await ended;
}

function sayWhoAsks(name: string): (socket: Socket, first: Buffer) => void {
  return (socket, first) => socket.end(`${name} ${String(first).split(" ")[2]}\n`);
}

async function listenAs(serve: (socket: Socket, first: Buffer) => void, path: string): Promise<Server> {
  await rm(path, { force: true });
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", (data) => serve(socket, data));
  });
  server.listen(path);
  await once(server, "listening");
  await chmod(path, 0o777);
  return server;
}

function ask(
  socketPath: string,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath, method, path }, (response) => {
      let text = "";
      response.on("data", (chunk) => (text += chunk));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
    });
    outgoing.on("error", reject);
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
