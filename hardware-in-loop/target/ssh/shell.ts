/** A root shell on a board by ssh: each command is a connection of its own, so none is left of a board that was reset. */
import { randomBytes } from "node:crypto";
import { stat } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import { BulkheadError } from "@bulkhead/protocol";
import { execa } from "execa";
import type { Shell } from "../target.ts";
import { sshArguments, sshEnvironment } from "./arguments.ts";
import { isKnown, named, type SshPlace, sshFailure, wordsOf } from "./failure.ts";

export type SshShell = Shell & {
  /** Waits until a root shell answers. Throws TARGET_NOT_REACHED, STATION_FAILED where waiting does not help. */
  untilThere(boundMs: number): Promise<void>;
  /** Gives up what was started. */
  close(): void;
};

/** More than any suite asks for. */
const mostBytes = 8 * 1024 * 1024;
const attemptMs = 20_000;
const askEveryMs = 1000;

/** Throws STATION_FAILED where the bench lacks one of the files. */
export async function openSshShell(place: SshPlace): Promise<SshShell> {
  await checkFiles(place);
  const { ssh, file } = place;
  const ending = new AbortController();
  const runScript = (script: string, boundMs: number | undefined) =>
    startSsh(ssh, script, { cancelSignal: ending.signal, ...(boundMs !== undefined && { timeout: boundMs }) });

  const run = async (command: string, boundMs: number): Promise<string> => {
    const mark = `<${randomBytes(8).toString("hex")}:`;
    // What it reads is nothing, and not what follows it here; what it says on either way is one text, as on a console.
    const done = await runScript(`{\n${command}\n} 2>&1 </dev/null\necho "${mark}$?>"\n`, boundMs);
    const { said, code } = splitAtMark(done.stdout, mark);
    if (code === 0) return said;
    if (code === undefined) refuseUnreached(done, place);
    const why = done.timedOut ? `no end after ${boundMs / 1000} s` : `exit code ${code ?? done.exitCode}`;
    throw new BulkheadError(
      done.timedOut ? "TARGET_NOT_REACHED" : "DEVICE_FAILED",
      `the board's shell: ${command}: ${why}`,
      {
        remedy: `it said: ${wordsOf(said + done.stderr)}`,
      },
    );
  };

  return {
    run,
    start(command) {
      runScript(`${command}\n`, undefined).catch(() => undefined);
    },
    async untilThere(boundMs) {
      const uid = await whenReached(boundMs, () => run("id -u", Math.min(attemptMs, boundMs)));
      if (uid.trim() === "0") return;
      throw new BulkheadError(
        "STATION_FAILED",
        `ssh to ${ssh.user}@${named(ssh.host, ssh.port)} (${file}): uid ${uid.trim()}`,
        {
          remedy: "suites need root: `user: root`, or `sudo: true` for a user who may use it without a password",
        },
      );
    },
    close: () => ending.abort(),
  };
}

type Bounds = { readonly cancelSignal: AbortSignal; readonly timeout?: number };

function startSsh(ssh: SshPlace["ssh"], script: string, bounds: Bounds) {
  return execa("ssh", sshArguments(ssh), {
    ...bounds,
    input: script,
    env: sshEnvironment(process.env["PATH"]),
    extendEnv: false,
    reject: false,
    stripFinalNewline: false,
    maxBuffer: mostBytes,
  });
}

/** What a command said, and its exit code: undefined where bash did not get to its end. */
function splitAtMark(stdout: string, mark: string): { said: string; code: number | undefined } {
  const at = stdout.lastIndexOf(mark);
  if (at === -1) return { said: stdout, code: undefined };
  return { said: stdout.slice(0, at), code: Number.parseInt(stdout.slice(at + mark.length), 10) };
}

/** Throws where it was not the command that ended so, but who stands before the shell: ssh's own code is 255; sudo and a login shell say who they are. */
function refuseUnreached(done: Awaited<ReturnType<typeof startSsh>>, place: SshPlace): void {
  if (done.cause instanceof Error && "code" in done.cause && done.cause.code === "ENOENT") {
    throw new BulkheadError("MISSING_PROGRAM", "ssh is not installed on the bench", {
      remedy: `install it (Debian: openssh-client), or leave \`ssh\` out of ${place.file}`,
    });
  }
  if (done.timedOut || done.isMaxBuffer) return;
  if (done.exitCode === undefined || done.exitCode === 255 || isKnown(done.stderr))
    throw sshFailure(place, done.stderr);
}

/** Asks again until the board is reached. Throws what `ask` throws of other kinds, and at the end that it was not reached. */
export async function whenReached<T>(boundMs: number, ask: () => Promise<T>): Promise<T> {
  const endMs = performance.now() + boundMs;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      const isStarting = error instanceof BulkheadError && error.code === "TARGET_NOT_REACHED";
      if (!isStarting || performance.now() > endMs) throw error;
    }
    await setTimeout(askEveryMs);
  }
}

async function checkFiles({ ssh: { host, port, user, identityFile, knownHostsFile }, file }: SshPlace): Promise<void> {
  const lacks = (what: string, path: string, remedy: string, cause: unknown) =>
    new BulkheadError("STATION_FAILED", `${file}: ${what} is not there: ${path}`, { remedy, cause });
  const known = await stat(knownHostsFile).catch((cause: unknown) => {
    const record = `ssh-keyscan -p ${port} ${host} >${knownHostsFile}, and compare it with what the board shows of itself`;
    throw lacks("the file with the board's key", knownHostsFile, `record the key: ${record}`, cause);
  });
  const key = await stat(identityFile).catch((cause: unknown) => {
    const make = `make one without a passphrase (ssh-keygen -t ed25519 -f ${identityFile}), and put ${identityFile}.pub into the board's`;
    throw lacks("the bench's key", identityFile, `${make} ~/.ssh/authorized_keys of ${user}`, cause);
  });
  if (!known.isFile() || !key.isFile()) {
    throw new BulkheadError("STATION_FAILED", `${file}: ${known.isFile() ? identityFile : knownHostsFile} is no file`, {
      remedy: "name the file itself",
    });
  }
}
