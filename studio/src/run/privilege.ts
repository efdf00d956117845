/** Finds out how strongly this user can run a system here: as root, or inside a user namespace of its own. */
import { open, readFile } from "node:fs/promises";
import { BulkheadError } from "@bulkhead/protocol";
import { execa } from "execa";

export type Privilege =
  /** Own uids for everything, control groups. */
  | { kind: "root" }
  /** A user namespace with a range of uids (`uidmap`), no control groups. */
  | { kind: "user-range" }
  /** A user namespace with one uid, no control groups. */
  | { kind: "user" };

/** Finds the strongest way that works. Throws MISSING_PRIVILEGE with what is in the way and how to get it out. */
export async function detectPrivilege(): Promise<Privilege> {
  const privilege = await strongest();
  await checkTun(tunDevice);
  return privilege;
}

async function strongest(): Promise<Privilege> {
  if (process.getuid?.() === 0) return { kind: "root" };
  for (const kind of ["user-range", "user"] as const) if (await works({ kind })) return { kind };
  throw new BulkheadError("MISSING_PRIVILEGE", await reasonWhyNot(), {
    remedy: "run it as root (sudo npm start), or allow user namespaces for your user",
  });
}

/** The arguments of unshare(1) that make the user namespace, if one is needed. */
export function userNamespaceArguments(privilege: Privilege): string[] {
  if (privilege.kind === "root") return [];
  return privilege.kind === "user-range" ? ["--user", "--map-root-user", "--map-auto"] : ["--user", "--map-root-user"];
}

const tunDevice = "/dev/net/tun";

/** The tunnel is made of a tun device, and nobody but root can make its node. Throws MISSING_PRIVILEGE. */
async function checkTun(path: string): Promise<void> {
  try {
    await (await open(path, "r+")).close();
  } catch (cause) {
    const isAbsent =
      cause instanceof Error && "code" in cause && ["ENOENT", "ENODEV", "ENXIO"].includes(`${cause.code}`);
    throw new BulkheadError(
      "MISSING_PRIVILEGE",
      `${path}, which the tunnel needs, ${isAbsent ? "is not there" : "cannot be opened by this user"}`,
      {
        cause,
        remedy: isAbsent
          ? "load the kernel's tun module (sudo modprobe tun); a container must be given the device"
          : `open it as udev does (sudo chmod 0666 ${path}): it gives nothing without CAP_NET_ADMIN; or run as root`,
      },
    );
  }
}

/** Uids and gids up to this one are given to components; a range in /etc/subuid may be too short for that. */
const lastUid = "2000";

async function works(privilege: Privilege): Promise<boolean> {
  const namespaces = [...userNamespaceArguments(privilege), "--mount", "--net", "--pid", "--fork"];
  const identity = ["setpriv", "--reuid", lastUid, "--regid", lastUid, "--clear-groups"];
  const program = privilege.kind === "user-range" ? [...identity, "true"] : ["true"];
  const result = await execa("unshare", [...namespaces, ...program], { reject: false });
  return result.exitCode === 0;
}

async function reasonWhyNot(): Promise<string> {
  const apparmor = await readSetting("/proc/sys/kernel/apparmor_restrict_unprivileged_userns");
  if (apparmor === "1") {
    return "AppArmor on this machine forbids user namespaces to ordinary users (kernel.apparmor_restrict_unprivileged_userns is 1)";
  }
  const clone = await readSetting("/proc/sys/kernel/unprivileged_userns_clone");
  if (clone === "0")
    return "this kernel forbids user namespaces to ordinary users (kernel.unprivileged_userns_clone is 0)";
  const limit = await readSetting("/proc/sys/user/max_user_namespaces");
  if (limit === "0") return "this machine allows no user namespaces (user.max_user_namespaces is 0)";
  return "this machine does not let an ordinary user make a user namespace";
}

async function readSetting(path: string): Promise<string | null> {
  return readFile(path, "utf8").then(
    (text) => text.trim(),
    () => null,
  );
}
