/** What ssh said when it did not get to the board's shell, as an error that says what to do: what waiting mends, and what only a person does. */
import { BulkheadError } from "@bulkhead/protocol";
import { printable } from "../../../studio/src/cli/printable.ts";
import type { StationSsh } from "../../station/real-board.ts";

/** A station's way to its board, and the file that says it. */
export type SshPlace = { readonly ssh: StationSsh; readonly file: string };

type Reason = {
  readonly pattern: RegExp;
  readonly what: string;
  /** Left out: the board may be starting, and waiting mends it. */
  readonly remedy?: (ssh: StationSsh) => string;
};

const scan = ({ host, port, knownHostsFile }: StationSsh) => `ssh-keyscan -p ${port} ${host} >>${knownHostsFile}`;
const compare =
  "compare `ssh-keygen -lf` of it with the fingerprint that the board itself shows (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub)";

/** The first that matches counts. */
const reasons: readonly Reason[] = [
  {
    pattern: /REMOTE HOST IDENTIFICATION HAS CHANGED|host key for .* has changed/i,
    what: "what answers there has another key than the station's board",
    remedy: ({ host, port, knownHostsFile }) =>
      `look which board it is; where it was flashed anew: ssh-keygen -f ${knownHostsFile} -R ${named(host, port)}, and record its key again`,
  },
  {
    pattern: /Host key verification failed|No \S+ host key is known/,
    what: "the bench does not know the board's key",
    remedy: (ssh) => `record it: ${scan(ssh)}; then ${compare}`,
  },
  {
    pattern: /UNPROTECTED PRIVATE KEY|bad permissions/i,
    what: "others may read the bench's key",
    remedy: ({ identityFile }) => `chmod 600 ${identityFile}`,
  },
  // pam_nologin(8): a board that is starting lets nobody in but root.
  { pattern: /booting up|pam_nologin/i, what: "the board is still starting" },
  {
    pattern: /Permission denied|Too many authentication failures/,
    what: "the board refuses the bench's key",
    remedy: ({ user, identityFile }) =>
      `put ${identityFile}.pub into the board's ~/.ssh/authorized_keys of ${user}; a key with a passphrase cannot be used`,
  },
  {
    pattern: /bash: (command )?not found|bash: No such file/,
    what: "the board has no bash, in which suites write their commands",
    remedy: () => "install bash there, or leave `ssh` out of the station's file",
  },
  {
    pattern: /sudo: /,
    what: "sudo there wants to ask for something, or is not allowed",
    remedy: ({ user }) => `let ${user} use it without a password (NOPASSWD in /etc/sudoers.d), or log in as root`,
  },
  {
    pattern: /Bad configuration option|unknown option|[Uu]nsupported option/,
    what: "the bench's ssh does not know an option that it is given",
    remedy: () => "install OpenSSH 8.5 or later on the bench",
  },
];

/** STATION_FAILED where only a person can mend it, else TARGET_NOT_REACHED. */
export function sshFailure({ ssh, file }: SshPlace, said: string): BulkheadError {
  const reason = reasons.find(({ pattern }) => pattern.test(said));
  const where = `ssh to ${ssh.user}@${named(ssh.host, ssh.port)} (${file})`;
  const words = wordsOf(said);
  const message = `${where}: ${reason?.what ?? "no connection"}${words === "" ? "" : `: ${words}`}`;
  if (reason?.remedy) return new BulkheadError("STATION_FAILED", message, { remedy: reason.remedy(ssh) });
  return new BulkheadError("TARGET_NOT_REACHED", message, {
    remedy: `is it under power, on the bench's network, and does sshd listen there? By hand: ssh -p ${ssh.port} ${ssh.user}@${ssh.host}`,
  });
}

/** Whether these words are of who stands before the board's shell, and not the shell's. */
export const isKnown = (said: string): boolean => reasons.some(({ pattern }) => pattern.test(said));

/** The end of what somebody said, who may be a hostile board: it does not speak to the bench's terminal. */
export const wordsOf = (said: string): string => said.trim().slice(-400).split(/\r?\n/).map(printable).join("\n");

/** As files of known hosts have it. */
export const named = (host: string, port: number): string => (port === 22 ? host : `[${host}]:${port}`);
