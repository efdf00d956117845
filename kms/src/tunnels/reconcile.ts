/**
 * Keeps the gateway's peers equal to the registry. It says everything again and again instead of sending changes, so it
 * does not matter who was restarted or what got lost.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { GatewayClient, GatewayStatus, Peer } from "../gateway/index.ts";
import { describeError, type Log } from "../log.ts";

export type Tunnels = {
  /** The registry has changed: tell the gateway now. */
  push(): void;
  /** Lets the device with this key in anew. Errors: GATEWAY_UNAVAILABLE, NOT_FOUND. */
  reset(tunnelKey: string): Promise<void>;
  gatewayIsUp(): boolean;
  /** Of the device with this tunnel key; null while the gateway does not answer or does not know the key. */
  tunnelOf(tunnelKey: string): { latestHandshakeMs: number | null } | null;
  stop(): Promise<void>;
};

const intervalMs = 5000;
const retryMs = 1000;

/** `desired` must throw where it does not know: an empty list means that no device may connect. */
export function reconcileTunnels(client: GatewayClient, desired: () => Promise<Peer[]>, log: Log): Tunnels {
  const stopping = new AbortController();
  let wake = new AbortController();
  let latest: GatewayStatus | undefined;
  let lastProblem = "";

  const round = async () => {
    try {
      await client.setPeers(await desired());
      latest = await client.status();
      if (lastProblem) log("info", "the gateway's peers are up to date again");
      lastProblem = "";
    } catch (error) {
      latest = undefined;
      const problem = describeError(error);
      if (problem !== lastProblem) log("warn", "the gateway's peers could not be set", { why: problem });
      lastProblem = problem;
    }
  };
  const run = async () => {
    while (!stopping.signal.aborted) {
      await round();
      const signal = AbortSignal.any([stopping.signal, wake.signal]);
      await sleep(latest ? intervalMs : retryMs, undefined, { signal }).catch(() => undefined);
      if (wake.signal.aborted) wake = new AbortController();
    }
  };
  const running = run();
  return {
    push: () => wake.abort(),
    reset: (tunnelKey) => client.resetPeer(tunnelKey),
    gatewayIsUp: () => latest !== undefined,
    tunnelOf(tunnelKey) {
      const peer = latest?.peers.find(({ publicKey }) => publicKey === tunnelKey);
      return peer ? { latestHandshakeMs: peer.latestHandshakeMs } : null;
    },
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
