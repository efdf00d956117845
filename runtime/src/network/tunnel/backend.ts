/**
 * Where a WireGuard interface comes from: wireguard-go (userspace) or the kernel. Both are configured and read by `wg`.
 * wireguard-go is what is used unless the configuration says otherwise: it runs on every kernel, and what it does can
 * still be read from the uplink when its interface has moved to the router.
 */
import { setTimeout as delay } from "node:timers/promises";
import { execa } from "execa";
import { runTool, toolFailed } from "../tools.ts";

export type TunnelInterface = {
  /** Says why, when the interface has gone without being removed. Never for the kernel's. */
  readonly ended: Promise<string>;
  remove(): Promise<void>;
};

export type TunnelBackend = {
  readonly name: "userspace" | "kernel";
  /** Makes the interface, unconfigured and down. Throws NETWORK_SETUP_FAILED. */
  create(interfaceName: string): Promise<TunnelInterface>;
};

const startMs = 5_000;
const pollMs = 20;

export const kernelBackend: TunnelBackend = {
  name: "kernel",
  async create(interfaceName) {
    await runTool("ip", ["link", "add", interfaceName, "type", "wireguard"], "making a WireGuard interface");
    return {
      ended: new Promise(() => undefined),
      // It may have moved to another namespace, whose owner removes it.
      remove: () => runTool("ip", ["link", "delete", interfaceName], "removing the tunnel").then(ignore, ignore),
    };
  },
};

export const userspaceBackend: TunnelBackend = {
  name: "userspace",
  async create(interfaceName) {
    const { ended, kill } = startWireguard(interfaceName);
    const failed = ended.then((reason) => Promise.reject(toolFailed("wireguard-go", "starting the tunnel", reason)));
    try {
      await Promise.race([answering(interfaceName), failed]);
    } catch (error) {
      kill("SIGKILL");
      throw error;
    }
    return {
      ended,
      async remove() {
        kill("SIGTERM");
        await ended;
      },
    };
  },
};

export function backendOf(name: "userspace" | "kernel"): TunnelBackend {
  return name === "kernel" ? kernelBackend : userspaceBackend;
}

// In the foreground, and dead when its parent is: an orphan would go on holding the tunnel and its key.
function startWireguard(interfaceName: string): { ended: Promise<string>; kill(signal: "SIGTERM" | "SIGKILL"): void } {
  const child = execa("setpriv", ["--pdeathsig", "KILL", "--", "wireguard-go", "--foreground", interfaceName], {
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LOG_LEVEL: "error" },
    extendEnv: false,
    stdin: "ignore",
    // Its errors come on standard output; on the other it only says that a kernel could do this, too.
    stderr: "ignore",
    buffer: false,
    reject: false,
  });
  let words = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    words = `${words}${chunk}`.slice(-1000);
  });
  const ended = child.then((result) => `${result.shortMessage ?? "wireguard-go ended"} ${words.trim()}`.trim());
  return { ended, kill: (signal) => void child.kill(signal) };
}

/** Until `wg` can talk to it: by a socket below /var/run/wireguard, which wireguard-go makes a moment after it starts. */
async function answering(interfaceName: string): Promise<void> {
  const deadline = performance.now() + startMs;
  for (;;) {
    try {
      await runTool("wg", ["show", interfaceName, "listen-port"], "waiting for the tunnel");
      return;
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
    await delay(pollMs);
  }
}

function ignore(): void {}
