/**
 * A second device on the same KMS, reduced to what the first one could try to reach: real keys, a real WireGuard tunnel, and
 * a port that listens.
 */
import { join } from "node:path";
import {
  generateSigningKey,
  generateX25519Key,
  type KeyPair,
  type Provisioning,
  partAddress,
} from "@bulkhead/protocol";
import type { StudioClient } from "../../studio/src/api/client.ts";
import { bulkheadDirectory } from "../../studio/src/locations.ts";
import { eventually } from "../../studio/src/run/eventually.ts";
import type { Running } from "../../studio/src/run/launcher.ts";
import { wire } from "../../studio/src/run/paths.ts";
import { inWorld, type World } from "../../studio/src/run/world/client.ts";

const namespace = "uplink-2";
const link = "wg-n";
const configFile = "/run/neighbour.conf";

export type Neighbour = {
  deviceKey: KeyPair;
  tunnelKey: KeyPair;
  provisioning: Provisioning;
  address: string;
  /** Port of its own that listens on its address. */
  port: number;
  /** Gives WireGuard this key from now on. */
  useTunnelKey(key: KeyPair): Promise<void>;
  /** Tries to connect from it; CONNECTED, TIMEOUT or the error's code. */
  probe(host: string, port: number): Promise<string>;
  /** True once WireGuard has shaken hands with the gateway under the present key. */
  hasHandshake(): Promise<boolean>;
  /** Runs a TypeScript file of the checkout in it, with text on its standard input; returns what it prints. */
  runScript(file: string, input: string): Promise<string>;
};

/** Enrols the neighbour and brings its tunnel up. */
export async function openNeighbour({
  client,
  world,
  running,
}: {
  client: StudioClient;
  world: World;
  running: Running;
}): Promise<Neighbour> {
  const deviceKey = generateSigningKey();
  const tunnelKey = generateX25519Key();
  const provisioning = await client.enrol({
    name: "neighbour",
    deviceKey: deviceKey.publicKey,
    tunnelKey: tunnelKey.publicKey,
  });
  const address = partAddress(provisioning.addressPrefix, 1);
  const script = (name: string) => inWorld(join(bulkheadDirectory, "tests/first-light", name));
  const node = inWorld(process.execPath);
  const run = (argv: string[], input = "") => must(world, argv, input);
  await world.attach(namespace, `${wire.device(2)}/${wire.prefixLength}`);
  await world.start({
    id: "neighbour",
    argv: ["wireguard-go", "-f", link],
    namespace,
    isDevice: false,
    logFile: join(running.paths.logDir, "neighbour.log"),
    restart: false,
  });
  await eventually(
    "the neighbour's interface",
    10_000,
    async () => (await world.run(["ip", "link", "show", link], { namespace })).code === 0 || undefined,
  );
  const useTunnelKey = async (key: KeyPair) => {
    await run(["tee", configFile], configuration(key, provisioning));
    await run(["wg", "setconf", link, configFile]);
  };
  await useTunnelKey(tunnelKey);
  await run(["ip", "addr", "add", `${address}/128`, "dev", link, "nodad"]);
  await run(["ip", "link", "set", link, "up"]);
  await run(["ip", "route", "add", `${provisioning.kms.address}/128`, "dev", link]);
  const port = 4000;
  await world.start({
    id: "neighbour-port",
    argv: [node, script("listen.mjs"), address, `${port}`],
    namespace,
    isDevice: false,
    logFile: join(running.paths.logDir, "neighbour.log"),
    restart: false,
  });
  return {
    deviceKey,
    tunnelKey,
    provisioning,
    address,
    port,
    useTunnelKey,
    probe: async (host, to) => (await world.run([node, script("probe.mjs"), host, `${to}`], { namespace })).stdout,
    hasHandshake: async () => {
      const { stdout } = await world.run(["wg", "show", link, "latest-handshakes"], { namespace });
      return Number(stdout.split(/\s+/)[1]) > 0;
    },
    runScript: async (file, input) => (await world.run([node, script(file)], { namespace, input })).stdout,
  };
}

async function must(world: World, argv: string[], input: string): Promise<void> {
  const { code, stderr } = await world.run(argv, { namespace, input });
  if (code !== 0) throw new Error(`${argv.join(" ")}: ${stderr}`);
}

/** wg(8), configuration file format. */
function configuration(key: KeyPair, { kms }: Provisioning): string {
  const base64 = (text: string) => Buffer.from(text, "base64url").toString("base64");
  return [
    "[Interface]",
    `PrivateKey = ${base64(key.privateKey)}`,
    "[Peer]",
    `PublicKey = ${base64(kms.tunnelKey)}`,
    `Endpoint = ${kms.endpoint.host}:${kms.endpoint.port}`,
    `AllowedIPs = ${kms.address}/128`,
    "PersistentKeepalive = 1",
    "",
  ].join("\n");
}
