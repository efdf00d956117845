/**
 * The management service as a process of the launcher: outside the world, where the browser is, but in a sandbox of its own.
 * It sees the checkout read-only, its state, its sockets and the database's socket, and nothing else of the machine.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { openSync } from "node:fs";
import { chmod, chown, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { type KmsConfig, kmsNodeOptions } from "@bulkhead/kms";
import { BulkheadError } from "@bulkhead/protocol";
import { z } from "zod";
import { bulkheadDirectory } from "../locations.ts";

const readySchema = z.object({ ready: z.literal(true), url: z.url(), port: z.number().int() });

export type Kms = {
  url: string;
  /** As the host sees it: bubblewrap's, whose end is the end of all of it. */
  pid: number;
  exited: Promise<void>;
  /** The one way it ends, a crash or not: all that it knows is in the database. */
  stop(): Promise<void>;
};

export type KmsPlace = {
  config: KmsConfig;
  configFile: string;
  logFile: string;
  uid: number | null;
  postgresSocketDir: string;
};

const readyMs = 20_000;

/** Starts the KMS and waits until it serves. Errors: STUDIO_UNREACHABLE with the log that says why. */
export async function startKms(place: KmsPlace): Promise<Kms> {
  await writeOwned(place.configFile, JSON.stringify(place.config), place.uid);
  await makeOwned(place.config.runDir, place.uid);
  const log = openSync(place.logFile, "a", 0o600);
  const child = spawn("setpriv", ["--pdeathsig", "KILL", "bwrap", ...sandboxArguments(place)], {
    stdio: ["ignore", "pipe", log],
    detached: true,
    env: { PATH: process.env["PATH"] ?? "" },
  });
  const exited = once(child, "exit").then(() => undefined);
  const ready = await firstLine(child, exited, place.logFile);
  return {
    url: ready.url,
    pid: child.pid ?? 0,
    exited,
    stop: () => {
      child.kill("SIGKILL");
      return exited;
    },
  };
}

function sandboxArguments(place: KmsPlace): string[] {
  const { config, configFile, uid, postgresSocketDir } = place;
  const node = dirname(dirname(process.execPath));
  const readOnly = [
    "/usr",
    "/bin",
    "/lib",
    "/lib64",
    "/etc/hosts",
    "/etc/resolv.conf",
    "/etc/ssl",
    node,
    bulkheadDirectory,
  ];
  const drop = ["--reuid", `${uid}`, "--regid", `${uid}`, "--clear-groups", "--inh-caps=-all", "--bounding-set=-all"];
  const mounted = [...readOnly, configFile, postgresSocketDir, config.stateDir, config.runDir];
  return [
    ...[
      "--unshare-pid",
      "--unshare-ipc",
      "--unshare-uts",
      "--die-with-parent",
      "--new-session",
      "--proc",
      "/proc",
      "--dev",
      "/dev",
      "--tmpfs",
      "/tmp",
    ],
    // Left to itself, bubblewrap makes what is above a mount with mode 0700, which is closed to the uid.
    ...parentsOf(mounted).flatMap((path) => ["--perms", "0755", "--dir", path]),
    ...readOnly.flatMap((path) => ["--ro-bind-try", path, path]),
    ...["--ro-bind", configFile, configFile, "--ro-bind", postgresSocketDir, postgresSocketDir],
    ...["--bind", config.stateDir, config.stateDir, "--bind", config.runDir, config.runDir],
    // Without a user namespace bubblewrap runs as root, and the uid is given up inside, after the mounts.
    ...(uid === null
      ? ["--unshare-user", "--disable-userns", "--"]
      : [
          "--cap-add",
          "CAP_SETUID",
          "--cap-add",
          "CAP_SETGID",
          "--cap-add",
          "CAP_SETPCAP",
          "--",
          "setpriv",
          ...drop,
          "--no-new-privs",
          "--",
        ]),
    process.execPath,
    ...kmsNodeOptions,
    join(bulkheadDirectory, "kms/src/main.ts"),
    "--config",
    configFile,
  ];
}

/** All directories above the paths, each after its own parent. */
function parentsOf(paths: readonly string[]): string[] {
  const parents = new Set<string>();
  for (const path of paths) for (let at = dirname(path); at !== "/"; at = dirname(at)) parents.add(at);
  return [...parents].sort();
}

async function firstLine(
  child: ChildProcess,
  exited: Promise<void>,
  logFile: string,
): Promise<z.infer<typeof readySchema>> {
  const lines = createInterface({ input: child.stdout ?? process.stdin });
  const failed = (text: string) =>
    new BulkheadError("STUDIO_UNREACHABLE", `the management service ${text}`, { remedy: `${logFile} says why` });
  const timer = AbortSignal.timeout(readyMs);
  const line = await Promise.race([
    once(lines, "line", { signal: timer }).then(
      ([text]) => String(text),
      () => null,
    ),
    exited.then(() => {
      throw failed("ended before it was ready");
    }),
  ]);
  if (line === null) {
    child.kill("SIGKILL");
    throw failed(`was not ready within ${readyMs / 1000} s`);
  }
  return readySchema.parse(JSON.parse(line));
}

async function makeOwned(directory: string, uid: number | null): Promise<void> {
  await mkdir(directory, { recursive: true });
  await chmod(directory, 0o700);
  if (uid !== null) await chown(directory, uid, uid);
}

async function writeOwned(file: string, text: string, uid: number | null): Promise<void> {
  await writeFile(file, text, { mode: 0o600 });
  if (uid !== null) await chown(file, uid, uid);
}
