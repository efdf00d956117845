/** A configured tunnel: an interface of one backend with its key and its one peer. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Provisioning } from "@bulkhead/protocol";
import { runTool } from "../tools.ts";
import type { TunnelBackend } from "./backend.ts";
import { peerOf, tunnelConfiguration } from "./configuration.ts";

export type Tunnel = {
  readonly madeBy: "userspace" | "kernel";
  /** Says why, when the tunnel has gone by itself. */
  readonly ended: Promise<string>;
  /**
   * Seconds since 1970 of the last handshake by the device's clock, 0 before the first, null where it cannot be seen: the
   * kernel's answers only where its interface lies.
   */
  readHandshake(): Promise<number | null>;
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
): Promise<Tunnel> {
  const configuration = tunnelConfiguration(privateKey, provisioning);
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
    readHandshake: () => readHandshake(interfaceName),
    forgetSource: () => forgetSource(interfaceName, provisioning),
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
async function forgetSource(interfaceName: string, provisioning: Provisioning): Promise<void> {
  const { publicKey, endpoint } = peerOf(provisioning);
  const change = ["set", interfaceName, "peer", publicKey, "endpoint", endpoint];
  await runTool("wg", change, "setting the tunnel's endpoint anew").catch(() => undefined);
}

async function readHandshake(interfaceName: string): Promise<number | null> {
  try {
    const output = await runTool("wg", ["show", interfaceName, "latest-handshakes"], "reading the tunnel's state");
    const seconds = Number(output.trim().split("\t")[1]);
    return Number.isSafeInteger(seconds) ? seconds : null;
  } catch {
    return null;
  }
}
