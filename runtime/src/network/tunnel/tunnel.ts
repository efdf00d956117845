/** A configured tunnel: an interface of one backend with its key and its one peer. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Provisioning } from "@bulkhead/protocol";
import { runTool } from "../tools.ts";
import type { TunnelBackend } from "./backend.ts";
import { type Endpoint, endpointChanges, tunnelConfiguration } from "./configuration.ts";
import type { Reading } from "./health.ts";

export type Tunnel = {
  readonly madeBy: "userspace" | "kernel";
  /** Says why, when the tunnel has gone by itself. */
  readonly ended: Promise<string>;
  /** Null where it cannot be seen: the kernel's answers only where its interface lies. */
  read(): Promise<Reading | null>;
  /** Where the gateway is from now on. What is the kernel's lies out of reach: the root server sets that. */
  setEndpoint(endpoint: Endpoint): Promise<void>;
  /** Forgets which of the board's addresses it sent from; where it cannot, it does nothing. */
  forgetSource(): Promise<void>;
  close(): Promise<void>;
};

/** Makes `interfaceName` in the current network namespace and configures it; it is left down and without addresses. */
export async function openTunnel(
  backend: TunnelBackend,
  interfaceName: string,
  privateKey: string,
  provisioning: Provisioning,
  first: Endpoint | null,
): Promise<Tunnel> {
  const configuration = tunnelConfiguration(privateKey, provisioning, first);
  let endpoint = first;
  const link = await backend.create(interfaceName);
  try {
    await configure(interfaceName, configuration);
  } catch (error) {
    await link.remove();
    throw error;
  }
  return {
    madeBy: link.madeBy,
    ended: link.ended,
    read: () => read(interfaceName),
    async setEndpoint(next) {
      endpoint = next;
      await changeEndpoint(interfaceName, provisioning, next);
    },
    forgetSource: async () => (endpoint ? changeEndpoint(interfaceName, provisioning, endpoint) : undefined),
    close: () => link.remove(),
  };
}

/** `wg` opens a path, and Node's pipe to a child cannot be opened again: so a file, private, and gone at once. */
async function configure(interfaceName: string, configuration: string): Promise<void> {
  // A sandbox's /tmp is a tmpfs of its own: the key does not reach a disk.
  const directory = await mkdtemp(join(tmpdir(), "tunnel-"));
  try {
    const file = join(directory, "configuration");
    await writeFile(file, configuration, { mode: 0o600, flag: "wx" });
    await runTool("wg", ["setconf", interfaceName, file], "configuring the tunnel");
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** The kernel's has moved out of reach, and does without: it looks for another source by itself. */
async function changeEndpoint(interfaceName: string, provisioning: Provisioning, endpoint: Endpoint): Promise<void> {
  for (const change of endpointChanges(interfaceName, provisioning, endpoint)) {
    await runTool("wg", change, "setting the tunnel's endpoint").catch(() => undefined);
  }
}

async function read(interfaceName: string): Promise<Reading | null> {
  try {
    const [handshakes, transfer] = await Promise.all(
      ["latest-handshakes", "transfer"].map((what) =>
        runTool("wg", ["show", interfaceName, what], "reading the tunnel"),
      ),
    );
    return parseReading(handshakes ?? "", transfer ?? "") ?? null;
  } catch {
    return null;
  }
}

/** Of `wg show … latest-handshakes` and `… transfer`: the key of the one peer, a tab, numbers. Pure. */
export function parseReading(handshakes: string, transfer: string): Reading | undefined {
  const [, handshake] = /^\S+\t(\d{1,15})$/.exec(handshakes.trim()) ?? [];
  const [, received, sent] = /^\S+\t(\d{1,15})\t(\d{1,15})$/.exec(transfer.trim()) ?? [];
  if (handshake === undefined || received === undefined) return undefined;
  return { handshake: Number(handshake), bytes: { received: Number(received), sent: Number(sent) } };
}
