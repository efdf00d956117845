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
import { type KmsConfigWritten, kmsNodeOptions } from "@bulkhead/kms";
import { BulkheadError } from "@bulkhead/protocol";
import { z } from "zod";
import { bulkheadDirectory } from "../locations.ts";
import { confine } from "./confine.ts";

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
  config: KmsConfigWritten;
  configFile: string;
  logFile: string;
  uid: number | null;
  postgresSocketDir: string;
};

const readyMs = 60_000;

/** Starts the KMS and waits until it serves. Errors: STUDIO_UNREACHABLE with the log that says why. */
export async function startKms(place: KmsPlace): Promise<Kms> {
  await writeOwned(place.configFile, JSON.stringify(place.config), place.uid);
  await makeOwned(place.config.runDir, place.uid);
  const log = openSync(place.logFile, "a", 0o600);
  const child = spawn("setpriv", ["--pdeathsig", "KILL", "--", ...commandOf(place)], {
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

function commandOf({ config, configFile, uid, postgresSocketDir }: KmsPlace): string[] {
  const node = dirname(dirname(process.execPath));
  const network = ["/etc/hosts", "/etc/resolv.conf"];
  return [
    ...confine({
      uid,
      readOnly: [...network, node, bulkheadDirectory, configFile, postgresSocketDir],
      writable: [config.stateDir, config.runDir],
    }),
    process.execPath,
    ...kmsNodeOptions,
    join(bulkheadDirectory, "kms/src/main.ts"),
    "--config",
    configFile,
  ];
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
