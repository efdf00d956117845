/** A bench whose person gives every board everything: a key in a real ssh-agent, and a configuration of ssh that forwards it, with variables beside it. */
import { spawn } from "node:child_process";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { onTestFinished, vi } from "vitest";
import type { StationSsh } from "../../../hardware-in-loop/station/real-board.ts";

/** ssh reads the configuration of the machine and of its user's home in /etc/passwd: this one stands in the machine's place. */
const configuration = `Host *
  ForwardAgent yes
  SendEnv BULKHEAD_*
  SetEnv BULKHEAD_OF_ITS_CONFIGURATION=secret
`;

/** Until the end of the test, `ssh` is of such a bench. `byHand`: what a command says there, typed by a person. */
export async function openGenerousBench(
  directory: string,
  { host, port, user, identityFile, knownHostsFile }: StationSsh,
): Promise<{ byHand(command: string): Promise<string> }> {
  const [bin, socket, config] = ["bin", "agent", "ssh_config"].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ];
  const { stdout: ssh } = await execa("which", ["ssh"]);
  await mkdir(bin);
  await writeFile(config, configuration);
  const inPlace = `--dev-bind / / --tmpfs /etc/ssh --ro-bind ${config} /etc/ssh/ssh_config`;
  await writeFile(join(bin, "ssh"), `#!/bin/sh\nexec bwrap ${inPlace} -- ${ssh} "$@"\n`);
  await chmod(join(bin, "ssh"), 0o755);

  const agent = spawn("ssh-agent", ["-D", "-a", socket], { stdio: "ignore" });
  const gone = new Promise((resolve) => agent.once("exit", resolve));
  onTestFinished(async () => {
    vi.unstubAllEnvs();
    agent.kill();
    await gone;
  });
  vi.stubEnv("SSH_AUTH_SOCK", socket);
  vi.stubEnv("BULKHEAD_OF_THE_BENCH", "secret");
  await vi.waitFor(() => execa("ssh-add", ["-q", identityFile]), { timeout: 30_000, interval: 100 });
  vi.stubEnv("PATH", `${bin}:${process.env["PATH"]}`);
  return {
    async byHand(command) {
      const known = ["-o", `UserKnownHostsFile=${knownHostsFile}`];
      const { stdout } = await execa("ssh", [...known, "-p", `${port}`, "-l", user, host, command], {
        stdin: "ignore",
      });
      return stdout;
    },
  };
}
