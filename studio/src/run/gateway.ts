/** The gateway of the tunnel, as a process of the world: WireGuard and relays, the one part that keeps running without a KMS. */
import { chown, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type GatewayConfig, gatewayClient } from "@bulkhead/kms";
import { commandChannelPort } from "@bulkhead/protocol";
import { bulkheadDirectory } from "../locations.ts";
import { confine } from "./confine.ts";
import { eventually } from "./eventually.ts";
import { type Paths, wire } from "./paths.ts";
import { inWorld, type World } from "./world/client.ts";

export type GatewayOptions = {
  paths: Paths;
  /** The KMS's own address in the tunnel, its private key (base64) in a file of the launcher's. */
  address: string;
  privateKeyFile: string;
  /** Ports of the proxies by name. */
  proxies: Readonly<Record<string, number>>;
  kmsUid: number | null;
};

const namespace = "gw";
const processId = "gateway";

/** Starts the gateway in its namespace and waits until it answers. */
export async function startGateway(world: World, options: GatewayOptions): Promise<void> {
  const { paths, kmsUid } = options;
  await writeFiles(options);
  await world.attach(namespace, `${wire.gateway}/${wire.prefixLength}`);
  const sandbox = confine({
    uid: kmsUid,
    readOnly: ["/etc/alternatives"],
    shown: { [inWorld(bulkheadDirectory)]: inWorld(bulkheadDirectory) },
    writable: [paths.gatewayDir, paths.kmsRun],
    devices: ["/dev/net/tun"],
    // wireguard-go keeps its control socket there, by the old name or the new one.
    own: ["/run/wireguard", "/var/run/wireguard"],
    capabilities: ["net_admin"],
  });
  const program = [
    inWorld(process.execPath),
    inWorld(join(bulkheadDirectory, "kms/src/gateway/main.ts")),
    "--config",
    paths.gatewayConfig,
  ];
  await world.start({
    id: processId,
    argv: [...sandbox, ...program],
    namespace,
    isDevice: false,
    logFile: join(paths.logDir, "gateway.log"),
    // Its peers are on disk, so starting it again brings the tunnel back.
    restart: true,
  });
  const client = gatewayClient(paths.gatewaySocket);
  await eventually("the gateway to answer", 15_000, () =>
    client.status().then(
      () => true,
      () => undefined,
    ),
  );
}

/** The gateway's own directory is not in the KMS's sandbox, though both have one uid: the key stays out of its reach. */
async function writeFiles(options: GatewayOptions): Promise<void> {
  const { paths, kmsUid, privateKeyFile } = options;
  await mkdir(paths.gatewayDir, { recursive: true, mode: 0o700 });
  const key = join(paths.gatewayDir, "tunnel.key");
  await writeFile(key, await readFile(privateKeyFile), { mode: 0o600 });
  await writeFile(paths.gatewayConfig, JSON.stringify(gatewayConfig({ ...options, privateKeyFile: key })), {
    mode: 0o600,
  });
  if (kmsUid === null) return;
  for (const path of [paths.gatewayDir, key, paths.gatewayConfig]) await chown(path, kmsUid, kmsUid);
}

function gatewayConfig({ paths, address, privateKeyFile, proxies }: GatewayOptions): GatewayConfig {
  const relays = Object.entries(proxies).map(([name, port]) => ({
    name,
    port,
    socket: join(paths.kmsRun, `proxy-${name}.sock`),
  }));
  return {
    format: 1,
    stateFile: join(paths.gatewayDir, "peers.json"),
    controlSocket: paths.gatewaySocket,
    controlUid: null,
    listenPort: wire.gatewayPort,
    address: `${address}/48`,
    interface: "wg0",
    privateKeyFile,
    relays: [{ name: "kms", port: commandChannelPort, socket: paths.deviceSocket }, ...relays],
    mtu: 1420,
    backend: "userspace",
  };
}
