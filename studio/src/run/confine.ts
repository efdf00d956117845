/**
 * A sandbox for the launcher's own helpers, the management service and the gateway: they see the programs of the system and the
 * checkout read-only, what they are given, and nothing else of the machine.
 */
import { dirname } from "node:path";

export type Confinement = {
  /** Runs under this uid; null where only one can be had. */
  uid: number | null;
  /** Shown at the same path where they exist. */
  readOnly: readonly string[];
  /** Path as it is → path as it is shown. */
  shown?: Readonly<Record<string, string>>;
  writable: readonly string[];
  devices?: readonly string[];
  /** Empty directories of its own, in memory. */
  own?: readonly string[];
  /** The one kind of privilege that a helper may keep; it then shares the user namespace of whoever starts it. */
  capabilities?: readonly "net_admin"[];
};

const systemDirectories = ["/usr", "/bin", "/sbin", "/lib", "/lib64"];
const newNamespaces = ["--unshare-pid", "--unshare-ipc", "--unshare-uts"];

/** The command line that stands in front of the program. Network namespace and environment are the starter's. */
export function confine({
  uid,
  readOnly,
  shown = {},
  writable,
  devices = [],
  own = [],
  capabilities = [],
}: Confinement): string[] {
  const visible = [...systemDirectories, ...readOnly];
  const targets = [...visible, ...Object.values(shown), ...writable, ...devices, ...own];
  return [
    "bwrap",
    ...newNamespaces,
    ...["--die-with-parent", "--new-session", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"],
    // Left to itself, bubblewrap makes what is above a mount with mode 0700, which is closed to the uid.
    ...parentsOf(targets).flatMap((path) => ["--perms", "0755", "--dir", path]),
    ...visible.flatMap((path) => ["--ro-bind-try", path, path]),
    ...Object.entries(shown).flatMap(([source, target]) => ["--ro-bind", source, target]),
    ...writable.flatMap((path) => ["--bind", path, path]),
    ...devices.flatMap((path) => ["--dev-bind", path, path]),
    ...own.flatMap((path) => ["--perms", "1777", "--tmpfs", path]),
    ...identity(uid, capabilities),
  ];
}

/**
 * With a user namespace of its own, bubblewrap has taken everything away when the program starts. Without one it runs as
 * whoever starts it, and setpriv gives up, inside and after the mounts, what the program is not to have.
 */
function identity(uid: number | null, capabilities: readonly string[]): string[] {
  if (uid === null && capabilities.length === 0) return ["--unshare-user", "--disable-userns", "--"];
  const forSetpriv = uid === null ? ["setpcap"] : ["setuid", "setgid", "setpcap"];
  const kept = [...forSetpriv, ...capabilities].flatMap((name) => ["--cap-add", `CAP_${name.toUpperCase()}`]);
  const set = ["-all", ...capabilities.map((name) => `+${name}`)].join(",");
  const change = uid === null ? [] : ["--reuid", `${uid}`, "--regid", `${uid}`, "--clear-groups"];
  const limits = [`--inh-caps=${set}`, `--ambient-caps=${set}`, `--bounding-set=${set}`, "--no-new-privs"];
  return ["--cap-drop", "ALL", ...kept, "--", "setpriv", ...change, ...limits, "--"];
}

/** All directories above the paths, each after its own parent. */
function parentsOf(paths: readonly string[]): string[] {
  const parents = new Set<string>();
  for (const path of paths) for (let at = dirname(path); at !== "/"; at = dirname(at)) parents.add(at);
  // bubblewrap makes these itself, and a directory over them would hide what it put there.
  for (const made of ["/dev", "/proc", "/tmp"]) parents.delete(made);
  return [...parents].sort();
}
