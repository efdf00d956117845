/**
 * Who may do more than others, row by row. A component is named here only if it is part of the installed runtime: no
 * manifest can get a row, and the compiler reserves the names.
 */
import { readdir, realpath } from "node:fs/promises";
import { join } from "node:path";
import type { CoreName } from "@bulkhead/protocol";
import { type Device, showTunDevice } from "../device/index.ts";
import { networkServerMounts, tunnelTimeDirectory } from "../network/index.ts";
import { type Capability, cgroupMounts, type Mount, type SandboxSpec } from "../sandbox/index.ts";
import { slotMounts } from "./slot-mounts.ts";
import { tpmMounts } from "./tpm-mounts.ts";

export type Privilege = {
  readonly mounts: readonly Mount[];
  readonly capabilities: readonly Capability[];
  /** Stays in the namespace that the root server was started in. */
  readonly inUplink: boolean;
  /** System calls, where they are not those of its runner. */
  readonly profile?: NonNullable<SandboxSpec["profile"]>;
};

type Row = (device: Device, uid: number | null) => Promise<Privilege> | Privilege;

const none: Privilege = { mounts: [], capabilities: [], inUplink: false };

const rows: Readonly<Partial<Record<CoreName, Row>>> = {
  /** Its sealed files and what opens them; nobody else can reach them, and it has no network. */
  "key-store": async (device, uid) => ({
    ...none,
    mounts: [
      { kind: "rw", source: join(device.paths.shownData, "keys"), target: "/keys" },
      { kind: "rw", source: join(device.paths.shownData, "sealing"), target: "/sealing" },
      ...(await tpmMounts(device, uid)),
    ],
  }),

  /** Reads what the agent brought, keeps what it has judged, and remembers metadata and clock floor. */
  verifier: ({ paths }) => ({
    ...none,
    mounts: [
      { kind: "ro", source: join(paths.shownData, "staging"), target: "/staging" },
      { kind: "rw", source: join(paths.shownData, "endorsed"), target: "/endorsed" },
      { kind: "rw", source: join(paths.shownData, "verifier"), target: "/verifier" },
    ],
  }),

  /** A place for what it fetches, of which nothing is believed, where it finds who brings a file, and the slot that runs, to read. */
  "kms-agent": async (device, uid) => ({
    ...none,
    mounts: [
      { kind: "rw", source: join(device.paths.shownData, "staging"), target: "/staging" },
      { kind: "ro", source: device.paths.import, target: "/import" },
      ...(await slotMounts(device, uid)),
    ],
    profile: "agent",
  }),

  /** The last time that it saw, and the clock of a board that has one. It cannot set the kernel's. */
  "clock-server": async ({ config, paths }) => ({
    ...none,
    mounts: [
      { kind: "rw", source: join(paths.shownData, "clock"), target: "/clock" },
      ...(await rtcMounts(config.board)),
    ],
  }),

  /**
   * A place for crash records, the reading ends of the log FIFOs, which it owns, and the trace rings, whose end belongs to the record
   * of a crash. A FIFO on a read-only mount can be opened.
   */
  "serial-server": async ({ paths }) => ({
    ...none,
    mounts: [
      { kind: "ro", source: paths.log, target: "/log" },
      { kind: "rw", source: join(paths.shownData, "crashes"), target: "/crashes" },
      { kind: "rw", source: paths.console, target: "/console" },
      ...(await eachIn(paths.trace, "/trace")),
    ],
  }),

  /** Sees what the kernel enforces and counts, how full each storage is, and the trace rings; can change none of it. */
  "scheduler-server": async ({ host, config, paths }) => ({
    ...none,
    mounts: [
      ...(await cgroupMounts(host.cgroup, config.instance, "/cgroup")),
      ...(await eachIn(paths.mountedStorage, "/storage")),
      ...(await eachIn(paths.trace, "/trace")),
    ],
  }),

  /**
   * Makes the tunnel: CAP_NET_ADMIN over the uplink, the tun device, the programs `wg`, `wireguard-go` and `ip`, and a place
   * for the control socket, which both of WireGuard's look for in /var/run. Keeps the time of its handshakes.
   */
  network: async ({ paths }, uid) => ({
    mounts: [
      ...(await networkServerMounts(await showTunDevice(paths, uid))),
      { kind: "rw", source: join(paths.shownData, "tunnel"), target: tunnelTimeDirectory },
    ],
    capabilities: ["net_admin"],
    inUplink: true,
  }),
};

const rtc = "/sys/class/rtc/rtc0/since_epoch";

/** One by one, as they are mounted: a mount of the directory above would bring them along unseen. */
async function eachIn(directory: string, target: string): Promise<Mount[]> {
  const names = await readdir(directory).catch(() => []);
  return names.map((name): Mount => ({ kind: "ro", source: join(directory, name), target: join(target, name) }));
}

/** A virtual board has no clock of its own: its host's is not asked twice. */
async function rtcMounts(board: string): Promise<Mount[]> {
  const source = board === "virtual" ? undefined : await realpath(rtc).catch(() => undefined);
  return source === undefined ? [] : [{ kind: "ro", source, target: "/rtc/since_epoch" }];
}

/** What the root server gives to core server `name`, which runs as `uid`, beyond its channels. */
export async function privilegeOf(name: string, device: Device, uid: number | null): Promise<Privilege> {
  const row = Object.hasOwn(rows, name) ? rows[name as CoreName] : undefined;
  return row ? await row(device, uid) : none;
}
