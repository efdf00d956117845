/** The Node that npm pins: everything after the set-up runs on it, whatever the system has. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, join } from "node:path";
import { root, searchPath } from "./process.mjs";
import { Unready } from "./unready.mjs";

/** The path of the pinned Node; throws Unready where npm has none for this processor. */
export function nodePath() {
  const path = join(root, "node_modules", `node-linux-${process.arch}`, "bin", "node");
  if (existsSync(path)) return path;
  throw new Unready(
    `There is no pinned Node for ${process.platform}-${process.arch}: Bulkhead's host side runs on Linux on x64 and arm64.`,
  );
}

/**
 * Runs the pinned Node in the place of this process: same terminal, same signals, same exit code.
 *
 * The child has a session of its own, so that a Ctrl-C (which the terminal gives to everyone, and npm passes on once
 * more) reaches it only through us, and exactly once; and it ends when we are killed.
 *
 * @param {readonly string[]} args
 * @returns {Promise<number>} the exit code, 128 + n after signal n
 */
export async function runPinned(args) {
  const child = spawn("setpriv", ["--pdeathsig", "TERM", "--", nodePath(), ...args], {
    cwd: root,
    env: { ...process.env, PATH: searchPath().join(delimiter) },
    stdio: "inherit",
    detached: true,
  });
  const stop = forwardSignals(child);
  try {
    return await new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
    });
  } finally {
    stop();
  }
}

// The echo of a Ctrl-C by npm comes within milliseconds; a person who presses it again means it.
const echoMs = 300;

/** @param {import("node:child_process").ChildProcess} child */
function forwardSignals(child) {
  let lastMs = Number.NEGATIVE_INFINITY;
  /** @param {NodeJS.Signals} signal */
  const forward = (signal) => {
    const nowMs = performance.now();
    if (nowMs - lastMs < echoMs) return;
    lastMs = nowMs;
    child.kill(signal);
  };
  const signals = /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"]);
  for (const signal of signals) process.on(signal, forward);
  return () => {
    for (const signal of signals) process.off(signal, forward);
  };
}
