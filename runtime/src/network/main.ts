/**
 * The network core server: holds the UDP side of the tunnel in the uplink namespace with CAP_NET_ADMIN alone. The root
 * server moves its interface to the router once it is ready; this process never enters another namespace. What the kernel's
 * WireGuard does there, the root server tells.
 */
import { setTimeout as delay } from "node:timers/promises";
import { BulkheadError, describeMisfit, provisioningSchema, toCoreServer } from "@bulkhead/protocol";
import { type Context, defineComponent, tunnelKeyInterface } from "@bulkhead/sdk";
import { z } from "zod";
import { tunnelInterface } from "./firewall.ts";
import { type Gateway, openGateway } from "./gateway/seeker.ts";
import { backends } from "./tunnel/backend.ts";
import { describeChange, newTunnelHealth, observeHandshake, type Reading } from "./tunnel/health.ts";
import { openTunnel, type Tunnel } from "./tunnel/tunnel.ts";
import { watchUplink } from "./tunnel/uplink-watch.ts";
import { openTunnelTime, tunnelTimeDirectory } from "./tunnel-time.ts";

// The root server may tell more than this server needs to know.
const configSchema = z.object({
  provisioning: provisioningSchema,
  backend: z.enum(["auto", "userspace", "kernel"]).default("auto"),
});

/** Longer than any start may take: the root server ends one that is too long, and knows how slow the board is. */
const startMs = 600_000;

/** Often while a person waits for the tunnel, seldom once it stands. */
const readEveryMs = { down: 1_000, up: 10_000 } as const;

const uses = { key: tunnelKeyInterface };

export const component = defineComponent({
  uses,
  async start(context) {
    const config = parseConfig(context.config);
    const { privateKey } = await context.uses.key.read(null, { deadlineMs: startMs });
    const { provisioning, backend } = config;
    const gateway = await openGateway({ ...context, provisioning, directory: tunnelTimeDirectory });
    const tunnel = await openTunnel(backends[backend], tunnelInterface, privateKey, provisioning, gateway.first);
    gateway.follow(tunnel.setEndpoint);
    const stopping = new AbortController();
    context.onStop(async () => {
      stopping.abort();
      await tunnel.close();
    });
    context.log.info(`the tunnel is ${tunnel.madeBy === "kernel" ? "the kernel's" : "wireguard-go's"}`);
    const seen: Seen = tunnel.madeBy === "kernel" ? seenByRoot(context.root) : tunnel;
    void failWithTunnel(seen.ended, stopping.signal);
    void watchUplink(() => {
      gateway.moved();
      return tunnel.forgetSource();
    }, stopping.signal);
    const time = openTunnelTime(tunnelTimeDirectory);
    void watchTunnel(seen.read, gateway, context.log, stopping.signal, time.note);
  },
});

function parseConfig(config: unknown): z.infer<typeof configSchema> {
  const parsed = configSchema.safeParse(config);
  if (parsed.success) return parsed.data;
  throw new BulkheadError("ENVIRONMENT_INVALID", `the network server's configuration: ${describeMisfit(parsed.error)}`);
}

type Seen = Pick<Tunnel, "ended" | "read">;

/** Of an interface of the kernel's that lies in the router. */
function seenByRoot(root: Context["root"]): Seen {
  let latest: Reading = { handshake: 0 };
  const ended = new Promise<string>((resolve) => {
    root.hear("tunnel", toCoreServer.tunnel, ({ handshake, bytes }) => {
      if (handshake === null) resolve("its interface has gone from the router");
      else latest = { handshake, bytes };
    });
  });
  return { ended, read: () => Promise.resolve(latest) };
}

/** Nobody waits for this promise: its rejection ends the component with a fault, and the supervisor starts it anew. */
async function failWithTunnel(ended: Promise<string>, stopping: AbortSignal): Promise<void> {
  const reason = await ended;
  if (!stopping.aborted) throw new BulkheadError("NETWORK_SETUP_FAILED", `the tunnel ended: ${reason}`);
}

async function watchTunnel(
  read: Seen["read"],
  gateway: Gateway,
  log: Context["log"],
  stopping: AbortSignal,
  noteTime: (nowMs: number) => Promise<void>,
): Promise<void> {
  let health = newTunnelHealth(performance.now());
  while (!stopping.aborted) {
    const next = observeHandshake(health, await read(), performance.now());
    const change = describeChange(health, next);
    if (change && !stopping.aborted) log[next.state === "up" ? "info" : "warn"](change);
    // Before the first handshake, and where none can be seen, it is begun with this time all the same.
    await noteTime(Date.now());
    health = next;
    await gateway.look(health.state === "up" || health.state === "unseen");
    await delay(readEveryMs[health.state === "up" ? "up" : "down"], undefined, { signal: stopping }).catch(
      () => undefined,
    );
  }
}
