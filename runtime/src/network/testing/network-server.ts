/**
 * The network server in its sandbox, for tests: this process is its root server and its key store. Not part of the
 * runtime.
 */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { chmod, mkdtemp, open, readFile, rm } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { channelProtocol, type Provisioning } from "@bulkhead/protocol";
import { createFrameReader, encodeFrame, tunnelKeyInterface } from "@bulkhead/sdk";
import { detectHost, mergeMounts, nodeMounts, removeCgroups, type Sandbox, startSandbox } from "../../sandbox/index.ts";
import { networkServerMounts } from "../server-mounts.ts";

const repository = fileURLToPath(new URL("../../../../", import.meta.url));
const entry = fileURLToPath(new URL("./network-server-entry.ts", import.meta.url));

export type NetworkServer = {
  /** Kills it, as a crash would. */
  kill(): Promise<void>;
  /** What it wrote to its log. */
  readLog(): Promise<string>;
};

type Options = { readonly provisioning: Provisioning; readonly privateKey: string; readonly uid: number | null };

/** Starts it and waits until it is ready. Rejects with its fault. */
export async function startNetworkServer(options: Options): Promise<NetworkServer> {
  const directory = await mkdtemp("/run/network-server-");
  await chmod(directory, 0o711);
  const keyStore = await serveKey(join(directory, "socket"), options.privateKey);
  const logFile = join(directory, "log");
  const instance = `network-test-${randomBytes(4).toString("hex")}`;
  const log = await open(logFile, "a");
  const sandbox = await startServerSandbox(options, directory, instance, log.fd);
  const readLog = () => readFile(logFile, "utf8");
  const kill = async () => {
    sandbox.kill();
    await sandbox.exited;
    keyStore.close();
    await log.close();
    await removeCgroups(instance);
    await rm(directory, { recursive: true });
  };
  try {
    await becomeReady(sandbox, options);
  } catch (error) {
    const words = await readLog();
    await kill();
    throw new Error(`${String(error)}\n${words}`);
  }
  return { kill, readLog };
}

async function startServerSandbox(
  { uid }: Options,
  directory: string,
  instance: string,
  stdout: number,
): Promise<Sandbox> {
  const spec = {
    name: "network",
    uid,
    command: ["/node/bin/node", entry],
    environment: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
    mounts: mergeMounts(
      await nodeMounts(process.execPath),
      [
        { kind: "ro", source: repository, target: repository },
        { kind: "ro", source: directory, target: "/run/ipc/uses/key" },
      ],
      await networkServerMounts(directory),
    ),
    networkNamespace: "/proc/self/ns/net",
    capabilities: ["net_admin"] as const,
    limits: { memoryBytes: 256 * 1024 ** 2, processes: 64, cpu: { class: "fair", weight: 100 } as const },
    cgroup: `${instance}/network`,
    stdout,
    requires: [],
  };
  return startSandbox(spec, await detectHost());
}

async function becomeReady({ control, exited }: Sandbox, { provisioning }: Options): Promise<void> {
  const tell = (kind: string, body: unknown) => control.write(encodeFrame([2, kind, body]));
  const ready = new Promise<void>((resolve, reject) => {
    const reader = createFrameReader((frame) => {
      const [, kind, body] = frame as [number, string, { reason?: string }];
      if (kind === "ready") resolve();
      if (kind === "fault") reject(new Error(body.reason));
    });
    control.on("data", (chunk: Buffer) => reader.push(chunk));
    control.on("error", () => undefined);
    void exited.then((status) => reject(new Error(`the network server ended: ${JSON.stringify(status)}`)));
  });
  const key = {
    client: "network",
    name: "key",
    provider: "key-store",
    service: "tunnel",
    interface: "tunnel-key",
    dependency: "strong",
    grant: {},
  };
  const self = { protocol: 1, component: "network", role: "core", incarnation: 1, generation: 1, heartbeatMs: 1_000 };
  tell("start", { ...self, uses: [key], provides: [], config: { provisioning } });
  tell("peer", { name: "key", up: true, incarnation: 1 });
  await ready;
}

/** The one operation of the key store that the network server may call. */
async function serveKey(path: string, privateKey: string): Promise<Server> {
  const { name, digest } = tunnelKeyInterface;
  const hello = { protocol: channelProtocol, interface: name, digest, component: "key-store", incarnation: 1 };
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.write(encodeFrame([2, "hello", hello]));
    const reader = createFrameReader((frame) => {
      const [type, id] = frame as [number, number];
      if (type === 0) socket.write(encodeFrame([1, id, null, { privateKey }]));
    });
    socket.on("data", (chunk: Buffer) => reader.push(chunk));
  });
  server.listen(path);
  await once(server, "listening");
  await chmod(path, 0o666);
  return server;
}
