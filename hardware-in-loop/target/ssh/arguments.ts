/** What ssh is started with for a board: the station's file decides everything, and nothing of who runs it: no configuration, agent, other key or password. */
import type { StationSsh } from "../../station/real-board.ts";

/** Only these keys are the board's, and only this key is ours: a board that is another one is never spoken to. */
const options: Readonly<Record<string, string>> = {
  BatchMode: "yes",
  StrictHostKeyChecking: "yes",
  GlobalKnownHostsFile: "none",
  UpdateHostKeys: "no",
  IdentitiesOnly: "yes",
  IdentityAgent: "none",
  PreferredAuthentications: "publickey",
  ClearAllForwardings: "yes",
  ControlMaster: "no",
  ControlPath: "none",
  // A board whose power is gone says nothing more: 15 s.
  ServerAliveInterval: "5",
  ServerAliveCountMax: "3",
  ConnectTimeout: "10",
  // A banner is nothing that a command said.
  LogLevel: "ERROR",
};

/** The arguments up to what is run there: bash, as root, which reads a script from its standard input. */
export function sshArguments({ host, port, user, sudo, identityFile, knownHostsFile }: StationSsh): string[] {
  const all = { ...options, UserKnownHostsFile: knownHostsFile };
  return [
    ...["-F", "none", "-T", "-a", "-x", "-p", String(port), "-l", user, "-i", identityFile],
    ...Object.entries(all).flatMap(([name, value]) => ["-o", `${name}=${value}`]),
    ...["--", host, `${sudo ? "sudo -n " : ""}bash -s`],
  ];
}

/** The environment that ssh has: its words are read, so they are those of no language. */
export function sshEnvironment(path: string | undefined): Record<string, string> {
  return { LC_ALL: "C", ...(path !== undefined && { PATH: path }) };
}
