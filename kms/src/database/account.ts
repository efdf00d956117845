/**
 * The operating system user that PostgreSQL runs as. Root must not run it, and no user may be created for it: so a
 * bare uid is used, and PostgreSQL, which insists on a name for every uid it meets, gets an /etc/passwd of its own in a
 * private mount namespace.
 */
import { chmod, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { BulkheadError } from "@bulkhead/protocol";

export type Account = {
  /** The name that PostgreSQL finds for the uid. */
  readonly name: string;
  readonly uid: number | null;
  /** The command line that runs `program` as this user and ends it when the process that called it dies. */
  command(program: readonly [string, ...string[]]): [string, ...string[]];
};

/** In the child: cover /etc/passwd, then become the program. Arguments only, nothing is spliced into the text. */
const coverPasswd = 'mount --bind -- "$1" /etc/passwd && shift && exec "$@"';

/**
 * Prepares the account. `uid` null means: as whoever we are, which must not be root. `passwdFile` is written for a bare
 * uid. Errors: MISSING_PRIVILEGE.
 */
export async function prepareAccount(uid: number | null, passwdFile: string): Promise<Account> {
  if (uid === null) return ownAccount();
  if (process.getuid?.() !== 0) {
    throw new BulkheadError("MISSING_PRIVILEGE", `only root can run PostgreSQL as uid ${uid}`, {
      remedy: "leave the uid out to run it as yourself",
    });
  }
  await writeFile(passwdFile, passwdLines(uid));
  await chmod(passwdFile, 0o644);
  return { name: bareName, uid, command: (program) => [...privatePasswd(passwdFile), ...asUid(uid), ...program] };
}

const bareName = "bulkhead";

function passwdLines(uid: number): string {
  return `root:x:0:0::/:/bin/false\n${bareName}:x:${uid}:${uid}::/:/bin/false\n`;
}

/**
 * The network namespace is empty on top: PostgreSQL has no use for it. Pid and ipc namespaces stay the host's, because
 * PostgreSQL finds the survivors of a killed postmaster by pid and by shared memory.
 */
function privatePasswd(passwdFile: string): [string, ...string[]] {
  return ["unshare", "--mount", "--net", "--propagation", "private", "--", "sh", "-c", coverPasswd, "sh", passwdFile];
}

/** SIGINT is PostgreSQL's fast shutdown: sessions are ended and the log is closed properly. */
const endWithParent = ["--pdeathsig", "INT"];

function asUid(uid: number): string[] {
  const ids = ["--reuid", String(uid), "--regid", String(uid), "--clear-groups"];
  return ["setpriv", ...ids, "--inh-caps=-all", "--no-new-privs", ...endWithParent, "--"];
}

function ownAccount(): Account {
  if (process.getuid?.() === 0) {
    throw new BulkheadError("MISSING_PRIVILEGE", "PostgreSQL does not run as root", {
      remedy: "give it an unprivileged uid",
    });
  }
  return {
    name: ownName(),
    uid: null,
    command: (program) => ["setpriv", "--no-new-privs", ...endWithParent, "--", ...program],
  };
}

function ownName(): string {
  try {
    return userInfo().username;
  } catch (cause) {
    throw new BulkheadError("MISSING_PRIVILEGE", `uid ${process.getuid?.()} has no name in /etc/passwd`, {
      remedy: "PostgreSQL needs one: add the user to /etc/passwd, or run as root",
      cause,
    });
  }
}
