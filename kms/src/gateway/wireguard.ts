/**
 * The gateway's WireGuard interface: made by wireguard-go or by the kernel, configured and read by `wg`. Peers are
 * always set as changes, also the first ones: `wg setconf` of them all doubles wireguard-go's memory for good.
 */
import { setTimeout as delay } from "node:timers/promises";
import { BulkheadError } from "@bulkhead/protocol";
import { execa } from "execa";
import { devicePrefixLength, devicePrefixOf } from "./address.ts";
import type { GatewayConfig } from "./config.ts";
import type { GatewayStatus } from "./messages.ts";
import { diffPeers, type PeerSet } from "./peers.ts";
import { runTool, toolEnvironment } from "./tools.ts";

export type Wireguard = {
  /** Says why, when the interface has gone by itself. */
  readonly ended: Promise<string>;
  setPeers(desired: PeerSet): Promise<{ added: number; removed: number }>;
  /**
   * Takes the peer out and lets it in anew. WireGuard answers no handshake that is dated before the last one of a peer
   * (whitepaper, section 5.1): one whose clock went back is locked out until then, or until this.
   */
  resetPeer(publicKey: string, peers: PeerSet): Promise<void>;
  readPeers(): Promise<GatewayStatus["peers"]>;
  close(): Promise<void>;
};

/** Arguments of one `wg set`: far below the kernel's limit for a command line. */
const peersPerCall = 200;
const startMs = 5_000;
const pollMs = 20;

/** Makes the interface with its key, port and peers, and brings it up with its address. Throws NETWORK_SETUP_FAILED. */
export async function startWireguard(config: GatewayConfig, peers: PeerSet): Promise<Wireguard> {
  const name = config.interface;
  // What a gateway that was killed may have left: the kernel's interface stays, wireguard-go's is just about to go.
  await runTool("ip", ["link", "delete", name]).catch(() => undefined);
  const link = config.backend === "kernel" ? await makeKernelInterface(name) : await makeUserspaceInterface(name);
  try {
    // `wg` reads the key itself: it never is in this process.
    await runTool("wg", ["set", name, "listen-port", `${config.listenPort}`, "private-key", config.privateKeyFile]);
    await setPeers(name, peers);
    await runTool("ip", ["-batch", "-"], interfaceBatch(config));
  } catch (error) {
    await link.close();
    throw error;
  }
  return {
    ended: link.ended,
    setPeers: (desired) => setPeers(name, desired),
    async resetPeer(publicKey, all) {
      await runTool("wg", ["set", name, "peer", toBase64(publicKey), "remove"]);
      await setPeers(name, all);
    },
    readPeers: async () => parseDump(await runTool("wg", ["show", name, "dump"])),
    close: link.close,
  };
}

/** `wg show … dump`: one line about the interface (with its private key: not looked at), one per peer, tabs between. */
export function parseDump(dump: string): GatewayStatus["peers"] {
  return lines(dump)
    .slice(1)
    .map((line) => {
      const [key = "", , endpoint = "", , handshake, rx, tx] = line.split("\t");
      const latestHandshakeMs = Number(handshake) * 1000;
      return {
        publicKey: fromBase64(key),
        latestHandshakeMs: latestHandshakeMs > 0 ? latestHandshakeMs : null,
        endpoint: endpoint === "(none)" ? null : endpoint,
        rx: Number(rx),
        tx: Number(tx),
      };
    });
}

type Link = { readonly ended: Promise<string>; close(): Promise<void> };

async function makeKernelInterface(name: string): Promise<Link> {
  await runTool("ip", ["link", "add", name, "type", "wireguard"]);
  return {
    ended: new Promise(() => undefined),
    close: () => runTool("ip", ["link", "delete", name]).then(() => undefined),
  };
}

/** Tries again for a while: until the kernel has ended a killed wireguard-go, the name of its interface is taken. */
async function makeUserspaceInterface(name: string): Promise<Link> {
  const deadline = performance.now() + startMs;
  for (;;) {
    const link = startWireguardGo(name);
    const failed = link.ended.then((reason) => Promise.reject(new BulkheadError("NETWORK_SETUP_FAILED", reason)));
    try {
      await Promise.race([answering(name), failed]);
      return link;
    } catch (error) {
      await link.close();
      if (performance.now() > deadline) throw error;
      await delay(pollMs);
    }
  }
}

// In the foreground, and dead when its parent is: an orphan would go on holding the port and the key.
function startWireguardGo(name: string): Link {
  const child = execa("setpriv", ["--pdeathsig", "KILL", "--", "wireguard-go", "--foreground", name], {
    env: { ...toolEnvironment, LOG_LEVEL: "error" },
    extendEnv: false,
    stdin: "ignore",
    // Its errors come on standard output; on the other it only says that a kernel could do this, too.
    stderr: "ignore",
    buffer: false,
    reject: false,
  });
  let words = "";
  child.stdout.on("data", (chunk: Buffer) => {
    words = `${words}${chunk}`.slice(-1000);
  });
  const ended = child.then((result) => `${result.shortMessage ?? "wireguard-go ended"} ${words.trim()}`.trim());
  return {
    ended,
    async close() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}

async function answering(name: string): Promise<void> {
  const deadline = performance.now() + startMs;
  for (;;) {
    try {
      await runTool("wg", ["show", name, "listen-port"]);
      return;
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
    await delay(pollMs);
  }
}

function interfaceBatch(config: GatewayConfig): string {
  const name = config.interface;
  return [
    `link set ${name} addrgenmode none`,
    `link set ${name} mtu ${config.mtu}`,
    `address add ${config.address} dev ${name} nodad`,
    `link set ${name} up`,
    "",
  ].join("\n");
}

async function setPeers(name: string, desired: PeerSet): Promise<{ added: number; removed: number }> {
  const { remove, add } = diffPeers(await readAllowed(name), desired);
  const changes = [
    ...remove.map((key) => ["peer", toBase64(key), "remove"]),
    ...add.map((peer) => ["peer", toBase64(peer.publicKey), "allowed-ips", peer.allowedPrefix]),
  ];
  for (let from = 0; from < changes.length; from += peersPerCall) {
    await runTool("wg", ["set", name, ...changes.slice(from, from + peersPerCall).flat()]);
  }
  return { added: add.length, removed: remove.length };
}

async function readAllowed(name: string): Promise<PeerSet> {
  const output = await runTool("wg", ["show", name, "allowed-ips"]);
  return new Map(lines(output).map(parseAllowed));
}

/** A key, a tab, prefixes with spaces between. What is not exactly one prefix of a device equals nothing desired. */
function parseAllowed(line: string): [string, string] {
  const [key = "", prefix = ""] = line.split("\t");
  const [address = "", length] = prefix.split("/");
  const isDevices = length === `${devicePrefixLength}`;
  return [fromBase64(key), (isDevices ? devicePrefixOf(address) : undefined) ?? prefix];
}

function lines(output: string): string[] {
  return output.split("\n").filter((line) => line !== "");
}

function toBase64(key: string): string {
  return Buffer.from(key, "base64url").toString("base64");
}

function fromBase64(key: string): string {
  return Buffer.from(key, "base64").toString("base64url");
}
