/** A real sshd with nobody's Linux behind it but Debian's programs: unpacked, in a sandbox with its own root, on a port of this machine's loopback. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createConnection, createServer } from "node:net";
import { join } from "node:path";
import { execa } from "execa";
import { vi } from "vitest";
import { openTools } from "../../../hardware-in-loop/emulated/tools.ts";
import type { StationSsh } from "../../../hardware-in-loop/station/real-board.ts";

const host = "127.0.0.1";
const users = `root:x:0:0:root:/root:/bin/bash
fio:x:1000:1000::/home/fio:/bin/bash
sshd:x:100:65534::/run/sshd:/usr/sbin/nologin
`;
const groups = "root:x:0:\nfio:x:1000:\nnogroup:x:65534:\n";

export type Sshd = {
  readonly ssh: StationSsh;
  /** Writes its key down, as a person who has compared it does. */
  record(): Promise<void>;
  /** Starts it, as a start of a board with this id does; gives it a new key of its own where it is asked to. */
  start(bootId: string): Promise<void>;
  makeNewKey(): Promise<void>;
  /** What taking the power away does: it is gone, with all that it had started. */
  kill(): Promise<void>;
};

/** In `directory`, with a bench's key that it takes. Not started yet. */
export async function makeSshd(directory: string): Promise<Sshd> {
  const tools = await openTools(["openssh-server", "bash", "coreutils"]);
  const path = (name: string) => join(directory, name);
  const port = await findPort();
  const makeKey = (name: string) =>
    execa("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", path(name)], { input: "y\n" });
  await mkdir(path("sshd"), { mode: 0o700 });
  await Promise.all([makeKey("sshd/host"), makeKey("bench")]);
  const config = [
    ...[`Port ${port}`, `ListenAddress ${host}`, "HostKey /sshd/host", "PidFile none", "UsePAM no", "StrictModes no"],
    ...[
      "PasswordAuthentication no", // Who is refused as often as a test is would be left standing outside.
      "PerSourcePenalties no",
      "AuthorizedKeysFile /etc/authorized",
      // A board that takes what it is given.
      "AcceptEnv *",
    ],
  ];
  await writeFile(path("sshd/config"), `${config.join("\n")}\n`);
  await writeFile(path("authorized"), await readFile(path("bench.pub")));
  await Promise.all([writeFile(path("passwd"), users), writeFile(path("group"), groups)]);
  await writeFile(path("known"), "");
  let daemon: ChildProcess | undefined;

  const sandbox = (bootId: string) => [
    ...["--unshare-pid", "--unshare-ipc", "--die-with-parent", "--ro-bind", tools.path("usr"), "/usr"],
    ...["bin", "lib", "lib64", "sbin"].flatMap((name) => ["--symlink", `usr/${name}`, `/${name}`]),
    // A folder that bubblewrap makes on its way is its owner's alone.
    ...["--dir", "/etc", "--dir", "/home"],
    ...["--ro-bind", path("passwd"), "/etc/passwd", "--ro-bind", path("group"), "/etc/group"],
    // As its owner's: sshd reads it as the user.
    ...["--ro-bind", path("authorized"), "/etc/authorized"],
    ...[
      "--proc",
      "/proc",
      "--dev",
      "/dev",
      "--tmpfs",
      "/tmp",
      "--dir",
      "/run/sshd",
      "--dir",
      "/root",
      "--dir",
      "/home/fio",
    ],
    ...["--ro-bind", path("sshd"), "/sshd", "--ro-bind", bootId, "/proc/sys/kernel/random/boot_id"],
  ];
  return {
    ssh: { host, port, user: "root", sudo: false, identityFile: path("bench"), knownHostsFile: path("known") },
    async record() {
      await writeFile(path("known"), `[${host}]:${port} ${await readFile(path("sshd/host.pub"), "utf8")}`);
    },
    async start(bootId) {
      // A kernel of its own would make one.
      await writeFile(path("boot-id"), `${bootId}\n`);
      const sshd = ["/usr/sbin/sshd", "-D", "-e", "-f", "/sshd/config"];
      daemon = spawn("bwrap", [...sandbox(path("boot-id")), ...sshd], { stdio: ["ignore", "ignore", "pipe"] });
      let said = "";
      daemon.stderr?.on("data", (chunk) => (said += chunk));
      await vi
        .waitFor(() => knock(port), { timeout: 60_000, interval: 100 })
        .catch((cause: unknown) => {
          throw new Error(`sshd does not listen: ${said}`, { cause });
        });
    },
    makeNewKey: async () => void (await makeKey("sshd/host")),
    async kill() {
      const gone = new Promise((resolve) => daemon?.once("exit", resolve));
      if (daemon === undefined || daemon.exitCode !== null || daemon.signalCode !== null) return;
      daemon.kill("SIGKILL");
      await gone;
      await vi.waitFor(
        async () => {
          if (
            await knock(port).then(
              () => true,
              () => false,
            )
          )
            throw new Error("somebody still listens");
        },
        { timeout: 30_000, interval: 50 },
      );
    },
  };
}

/** A port of this machine that nobody has now. */
export async function findPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

function knock(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(port, host, () => {
      socket.destroy();
      resolve();
    }).on("error", reject);
  });
}
