/**
 * Where a WireGuard interface comes from: the kernel, or wireguard-go (userspace), which runs on every kernel. Both are
 * configured by `wg`. Left to itself, a device takes the kernel's where it has one.
 */
import { setTimeout as delay } from "node:timers/promises";
import { execa } from "execa";
import { runTool, toolFailed } from "../tools.ts";

export type TunnelInterface = {
  readonly madeBy: "userspace" | "kernel";
  /** Says why, when the interface has gone without being removed. Never for the kernel's: that lies out of sight. */
  readonly ended: Promise<string>;
  remove(): Promise<void>;
};

export type TunnelBackend = {
  /** Makes the interface, unconfigured and down. Throws NETWORK_SETUP_FAILED. */
  create(interfaceName: string): Promise<TunnelInterface>;
};

const startMs = 30_000;
const pollMs = 20;

const kernelBackend: TunnelBackend = {
  async create(interfaceName) {
    // Of one that was killed before its interface was moved.
    await removeLink(interfaceName);
    await runTool("ip", ["link", "add", interfaceName, "type", "wireguard"], "making a WireGuard interface");
    return {
      madeBy: "kernel",
      ended: new Promise(() => undefined),
      // It may have moved to another namespace, whose owner removes it.
      remove: () => removeLink(interfaceName),
    };
  },
};

const userspaceBackend: TunnelBackend = {
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
      madeBy: "userspace",
      ended,
      async remove() {
        kill("SIGTERM");
        await ended;
      },
    };
  },
};

const autoBackend: TunnelBackend = {
  create: (interfaceName) => kernelBackend.create(interfaceName).catch(() => userspaceBackend.create(interfaceName)),
};

/** A device's configuration does not name one; tests do. */
export const backends = { auto: autoBackend, kernel: kernelBackend, userspace: userspaceBackend } as const;

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

/** If it is there. */
async function removeLink(name: string): Promise<void> {
  await runTool("ip", ["link", "delete", name], "removing the tunnel").catch(() => undefined);
}
