/** The gateway: firewall, tunnel, relays and control socket put together, in the order in which nothing is ever open too early. */

import { readFile, writeFile } from "node:fs/promises";
import type { Server } from "node:http";
import { BulkheadError, reportError } from "@bulkhead/protocol";
import type { GatewayConfig } from "./config.ts";
import { parseTunnelAddress } from "./config.ts";
import { startControl } from "./control.ts";
import { gatewayRules } from "./firewall.ts";
import { createLimiter, defaultLimits } from "./limits.ts";
import type { Peer, PeersSet } from "./messages.ts";
import { readPeers, writePeers } from "./peer-store.ts";
import { checkPeers, diffPeers, type PeerSet } from "./peers.ts";
import { type Relay, startRelay } from "./relay.ts";
import { runTool } from "./tools.ts";
import { startWireguard, type Wireguard } from "./wireguard.ts";

export type Gateway = {
  /** Says why, when the tunnel has gone by itself: a gateway without it is of no use. */
  readonly ended: Promise<string>;
  close(): Promise<void>;
};

type Log = (level: "info" | "warn", text: string) => void;

/** Starts everything or nothing. Throws NETWORK_SETUP_FAILED, or the error of a socket that cannot be had. */
export async function startGateway(config: GatewayConfig, log: Log): Promise<Gateway> {
  const tunnel = parseTunnelAddress(config.address);
  if (!tunnel) throw new BulkheadError("ENVIRONMENT_INVALID", `${config.address} is no tunnel address`);
  await runTool("nft", [gatewayRules(config)]);
  await letPacketsBeCut(log);
  const peers = { current: await storedPeers(config.stateFile, tunnel, log) };
  const wireguard = await startWireguard(config, peers.current);
  const relays: Relay[] = [];
  const closing: (() => Promise<unknown>)[] = [() => wireguard.close(), () => closeRelays(relays)];
  const close = async () => {
    for (const step of closing.reverse()) await step();
  };
  try {
    const limiter = createLimiter(defaultLimits);
    for (const { port, socket } of config.relays) {
      relays.push(await startRelay({ address: tunnel.address, port, socket, limiter }));
    }
    const inTurn = createQueue();
    const setPeers = (wanted: readonly Peer[]) =>
      inTurn(() => changePeers(config.stateFile, wanted, tunnel, { peers, wireguard, relays }));
    const resetPeer = (publicKey: string) => inTurn(() => reset(publicKey, { peers, wireguard }));
    const status = async () => ({
      interface: config.interface,
      backend: config.backend,
      peers: await wireguard.readPeers(),
    });
    const control = await startControl(config.controlSocket, config.controlUid, { setPeers, resetPeer, status });
    closing.push(() => closeServer(control));
  } catch (error) {
    await close();
    throw error;
  }
  return { ended: wireguard.ended, close };
}

type Parts = { peers: { current: PeerSet }; wireguard: Wireguard; relays: readonly Relay[] };

/** Stored before they are applied: a gateway that dies between the two comes back with what was asked for. */
async function changePeers(
  stateFile: string,
  wanted: readonly Peer[],
  tunnel: { bits: bigint; length: number },
  { peers, wireguard, relays }: Parts,
): Promise<PeersSet> {
  const desired = checkPeers(wanted, tunnel);
  await writePeers(stateFile, asPeers(desired));
  const gone = diffPeers(peers.current, desired).remove.map((key) => peers.current.get(key));
  peers.current = desired;
  const changed = await wireguard.setPeers(desired);
  for (const prefix of gone) if (prefix !== undefined) for (const relay of relays) relay.closeFrom(prefix);
  return changed;
}

/** Damaged or foreign peers are no peers: the tunnel stays shut for them until the KMS has sent them again. */
async function storedPeers(stateFile: string, tunnel: { bits: bigint; length: number }, log: Log): Promise<PeerSet> {
  try {
    return checkPeers(await readPeers(stateFile), tunnel);
  } catch (error) {
    const { code, message } = reportError(error);
    log("warn", `${code}: ${message}; no peers until the KMS sends them`);
    return new Map();
  }
}

function asPeers(set: PeerSet): Peer[] {
  return [...set].map(([publicKey, allowedPrefix]) => ({ publicKey, allowedPrefix }));
}

const cutFile = "/proc/sys/net/ipv4/ip_no_pmtu_disc";

/**
 * WireGuard's packets may be cut up on the way. A router that would have to say that one is too large for the next link says
 * it in vain, for the firewall lets in nothing but WireGuard.
 */
async function letPacketsBeCut(log: Log): Promise<void> {
  if ((await readFile(cutFile, "utf8").catch(() => "")).trim() === "1") return;
  await writeFile(cutFile, "1\n").catch(() =>
    log("warn", `${cutFile} is not 1 and cannot be set from here: links of less than 1360 bytes may lose packets`),
  );
}

async function reset(publicKey: string, { peers, wireguard }: Pick<Parts, "peers" | "wireguard">): Promise<void> {
  if (!peers.current.has(publicKey)) throw new BulkheadError("NOT_FOUND", `no peer has the tunnel key ${publicKey}`);
  await wireguard.resetPeer(publicKey, peers.current);
}

/** One call after the other, whatever became of the one before. */
function createQueue(): <R>(perform: () => Promise<R>) => Promise<R> {
  let last: Promise<unknown> = Promise.resolve();
  return (perform) => {
    const next = last.then(perform);
    last = next.catch(() => undefined);
    return next;
  };
}

async function closeRelays(relays: readonly Relay[]): Promise<void> {
  await Promise.all(relays.map((relay) => relay.close()));
}

function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
