/**
 * The network server for tests: this process is its root server and its key store. In its real sandbox as root; without
 * root it runs with the same capabilities but beside us, so that these tests do not depend on what a sandbox can be
 * there. Not part of the runtime.
 */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, open, readFile, rm, stat, symlink } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { fileURLToPath } from "node:url";
import { channelProtocol, type Provisioning } from "@bulkhead/protocol";
import { createFrameReader, encodeFrame, tunnelKeyInterface } from "@bulkhead/sdk";
import { execa } from "execa";
import { parseMessage } from "../../processes/control-link.ts";
import { detectHost, mergeMounts, nodeMounts, removeCgroups, type Sandbox, startSandbox } from "../../sandbox/index.ts";
import type { Uplink } from "../gateway/uplink.ts";
import { networkServerMounts } from "../server-mounts.ts";
import { tunnelTimeDirectory } from "../tunnel-time.ts";

const repository = fileURLToPath(new URL("../../../../", import.meta.url));
const entry = fileURLToPath(new URL("./network-server-entry.ts", import.meta.url));

export type NetworkServer = {
  /** Kills it, as a crash would. */
  kill(): Promise<void>;
  readonly ended: Promise<unknown>;
  tell(kind: string, body: unknown): void;
  /** What it wrote to its log. */
  readLog(): Promise<string>;
};

type Options = {
  readonly provisioning: Provisioning;
  readonly privateKey: string;
  readonly uid: number | null;
  readonly backend: "auto" | "userspace" | "kernel";
  /** What it keeps over its restarts. */
  readonly keptDirectory: string;
  /** What it asks of the root server. */
  readonly onRequest: (message: UplinkRequest) => void;
};

export type UplinkRequest = Parameters<Uplink["hear"]>[0];

type Running = Pick<Sandbox, "control" | "exited" | "kill">;

/** Starts it and waits until it is ready. Rejects with its fault. */
export async function startNetworkServer(options: Options): Promise<NetworkServer> {
  const directory = await mkdtemp("/run/network-server-");
  await chmod(directory, 0o711);
  const keyStore = await serveKey(join(directory, "socket"), options.privateKey);
  const logFile = join(directory, "log");
  const instance = `network-test-${randomBytes(4).toString("hex")}`;
  const log = await open(logFile, "a");
  const sandbox =
    options.uid === null
      ? await startBeside(directory, log.fd)
      : await startServerSandbox(options, directory, instance, log.fd);
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
  const tell = (kind: string, body: unknown) => void sandbox.control.write(encodeFrame([2, kind, body]));
  return { kill, readLog, ended: sandbox.exited, tell };
}

async function startServerSandbox(
  { uid, keptDirectory }: Options,
  directory: string,
  instance: string,
  stdout: number,
): Promise<Running> {
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
        { kind: "rw", source: keptDirectory, target: tunnelTimeDirectory },
      ],
      await networkServerMounts(await tunNode(directory)),
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

async function startBeside(directory: string, stdout: number): Promise<Running> {
  await mkdir("/run/ipc/uses", { recursive: true });
  await rm("/run/ipc/uses/key", { force: true });
  await symlink(directory, "/run/ipc/uses/key");
  const only = "-all,+net_admin";
  const capabilities = [`--inh-caps=${only}`, `--ambient-caps=${only}`, `--bounding-set=${only}`, "--no-new-privs"];
  const argv = ["--pdeathsig", "KILL", ...capabilities, "--", process.execPath, entry];
  const child = spawn("setpriv", argv, { stdio: ["ignore", stdout, stdout, "pipe"] });
  const exited = once(child, "exit").then(([code, signal]) => ({ code, signal }));
  return { control: child.stdio[3] as Duplex, exited, kill: () => void child.kill("SIGKILL") };
}

async function becomeReady({ control, exited }: Running, { provisioning, backend, onRequest }: Options): Promise<void> {
  const tell = (kind: string, body: unknown) => control.write(encodeFrame([2, kind, body]));
  const ready = new Promise<void>((resolve, reject) => {
    const reader = createFrameReader((frame) => {
      const [, kind, body] = frame as [number, string, { reason?: string }];
      if (kind === "ready") resolve();
      if (kind === "fault") reject(new Error(body.reason));
      if (kind === "resolve" || kind === "gateway") onRequest(parseMessage(frame) as UplinkRequest);
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
    operations: null,
    inspect: false,
    ratePerSecond: null,
    leaseBytes: 0,
  };
  const self = { protocol: 1, component: "network", role: "core", incarnation: 1, generation: 1, heartbeatMs: 1_000 };
  tell("start", { ...self, uses: [key], provides: [], config: { provisioning, backend } });
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

const tunDevice = "/dev/net/tun";

/**
 * The host's node where everybody may open it, as udev has it (the kernel still asks for CAP_NET_ADMIN). Else one of our
 * own with that mode: the server's uid is not root. Where none can be made, wireguard-go will say that it may not.
 */
async function tunNode(directory: string): Promise<string> {
  const everybody = 0o006;
  if (((await stat(tunDevice)).mode & everybody) === everybody) return tunDevice;
  const own = join(directory, "tun");
  await rm(own, { force: true });
  try {
    // Documentation/admin-guide/devices.txt of the kernel: char 10:200 is /dev/net/tun.
    await execa("mknod", [own, "c", "10", "200"]);
  } catch {
    return tunDevice;
  }
  await chmod(own, 0o666);
  return own;
}
