/**
 * What the network server sees of the host beyond its Node: the programs that it runs, file by file, the tun device, and
 * the place where wireguard-go and `wg` meet.
 */
import { chmod, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Mount, mergeMounts, programMounts } from "../sandbox/index.ts";
import { findProgram } from "../sandbox/programs.ts";
import { runTool } from "./tools.ts";

const programs = {
  wg: "wireguard-tools",
  "wireguard-go": "wireguard-go",
  setpriv: "util-linux",
  ip: "iproute2",
} as const;
const tunDevice = "/dev/net/tun";
/** Compiled into both programs. Nothing but a socket lies in it. */
const wireguardDirectory = "/var/run/wireguard";

/** `directory`: the device's own, on a tmpfs; a device node may be made in it. Throws MISSING_PROGRAM. */
export async function networkServerMounts(directory: string): Promise<Mount[]> {
  const found = Object.entries(programs).map(async ([name, packageName]) => {
    return programMounts(await findProgram(name, packageName), `/usr/bin/${name}`);
  });
  return mergeMounts(...(await Promise.all(found)), [
    { kind: "dev", source: await tunNode(directory), target: tunDevice },
    { kind: "tmpfs", target: wireguardDirectory, sizeBytes: 64 * 1024 },
  ]);
}

/**
 * The host's node where everybody may open it, as udev has it (the kernel still asks for CAP_NET_ADMIN). Else one of our
 * own with that mode: the server's uid is not root. Where none can be made, wireguard-go will say that it may not.
 */
async function tunNode(directory: string): Promise<string> {
  const everybody = 0o006;
  if (((await stat(tunDevice)).mode & everybody) === everybody) return tunDevice;
  const own = join(directory, "tun");
  await rm(own, { force: true });
  try {
    // Documentation/admin-guide/devices.txt of the kernel: char 10:200 is /dev/net/tun.
    await runTool("mknod", [own, "c", "10", "200"], "making a device node for the tunnel");
  } catch {
    return tunDevice;
  }
  await chmod(own, 0o666);
  return own;
}
