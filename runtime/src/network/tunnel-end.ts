/**
 * The tunnel's end in the router, as the root server has it: moves each new interface there, and has the kernel's looked at.
 * The network server cannot: the kernel answers only in the namespace where the interface lies, and to enter one takes
 * CAP_SYS_ADMIN. What is read are three numbers of the kernel's, which are passed on and judged by nobody here.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { ToComponent } from "@bulkhead/protocol";
import { type ApplyOptions, applySteps, runWithin } from "./apply.ts";
import { tunnelInterface } from "./firewall.ts";
import type { NetworkStep } from "./plan.ts";
import { parseReading } from "./tunnel/tunnel.ts";

type Reading = ToComponent["tunnel"];

export type TunnelEnd = {
  /** Each time the network server has a new interface. Throws NETWORK_SETUP_FAILED. */
  attach(): Promise<void>;
  stop(): void;
};

/** Often while a person waits for the tunnel, seldom once it stands. */
const lookEveryMs = { new: 1_000, standing: 10_000 } as const;

/** `tell`: hears what is seen of an interface of the kernel's until it has gone. wireguard-go's is watched by who made it. */
export function createTunnelEnd(
  steps: readonly NetworkStep[],
  options: ApplyOptions,
  tell: (reading: Reading) => void,
): TunnelEnd {
  let watching = new AbortController();
  return {
    async attach() {
      watching.abort();
      watching = new AbortController();
      const { signal } = watching;
      await applySteps(steps, options);
      if (!signal.aborted) void watch(options, tell, signal);
    },
    stop: () => watching.abort(),
  };
}

async function watch(options: ApplyOptions, tell: (reading: Reading) => void, stopping: AbortSignal): Promise<void> {
  for (;;) {
    const seen = await look(options);
    if (seen === "not-the-kernels" || stopping.aborted) return;
    if (seen !== "unread") tell(seen);
    if (seen !== "unread" && seen.handshake === null) return;
    const isNew = seen === "unread" || seen.handshake === 0;
    await delay(isNew ? lookEveryMs.new : lookEveryMs.standing, undefined, { signal: stopping }).catch(() => undefined);
    if (stopping.aborted) return;
  }
}

async function look(options: ApplyOptions): Promise<Reading | "not-the-kernels" | "unread"> {
  const show = (what: string) => runWithin("router", ["wg", "show", tunnelInterface, what], options);
  return Promise.all([show("latest-handshakes"), show("transfer")]).then(
    ([handshakes, transfer]) => parseReading(handshakes, transfer) ?? "unread",
    (error: Error) => parseRefusal(error.message),
  );
}

/** `wg` ends with the kernel's error: ENODEV where there is no such interface, *NOTSUPP where it is no WireGuard of its own. */
export function parseRefusal(words: string): Reading | "not-the-kernels" | "unread" {
  if (/: No such device$/.test(words)) return { handshake: null };
  return / not supported$/.test(words) ? "not-the-kernels" : "unread";
}
