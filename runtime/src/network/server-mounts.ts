/**
 * What the network server sees of the host beyond its Node: the programs that it runs, file by file, the tun device, and
 * the place where wireguard-go and `wg` meet.
 */
import { type Mount, mergeMounts, programMounts } from "../sandbox/index.ts";
import { findProgram } from "../sandbox/programs.ts";

const programs = {
  wg: "wireguard-tools",
  "wireguard-go": "wireguard-go",
  setpriv: "util-linux",
  ip: "iproute2",
} as const;
const tunDevice = "/dev/net/tun";
/** Compiled into both programs. Nothing but a socket lies in it. */
const wireguardDirectory = "/var/run/wireguard";

/** `tunNode`: a node for the tun device that the server's uid may open. Throws MISSING_PROGRAM. */
export async function networkServerMounts(tunNode: string): Promise<Mount[]> {
  const found = Object.entries(programs).map(async ([name, packageName]) => {
    return programMounts(await findProgram(name, packageName), `/usr/bin/${name}`);
  });
  return mergeMounts(...(await Promise.all(found)), [
    { kind: "dev", source: tunNode, target: tunDevice },
    { kind: "tmpfs", target: wireguardDirectory, sizeBytes: 64 * 1024 },
  ]);
}
