/** Running programs: by argument array, found as root finds them, never through a shell. */
import { spawn } from "node:child_process";
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { delimiter, dirname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** The checkout. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Ordinary users of Debian do not have /usr/sbin and /sbin on their PATH, and the programs are there all the same. */
const systemFolders = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/** The folders in which programs are found. */
export function searchPath() {
  return [...new Set([...(process.env["PATH"] ?? "").split(delimiter), ...systemFolders])].filter(Boolean);
}

/**
 * The environment for programs of the system. The folders that `npm run` puts first are left out: a program that
 * deletes node_modules must not run on a Node that lives in it.
 */
export function systemEnvironment() {
  const path = searchPath().filter((folder) => !folder.endsWith(`node_modules${sep}.bin`));
  return { ...process.env, PATH: path.join(delimiter) };
}

/** True where a program of this name can be executed. @param {string} name */
export async function hasProgram(name) {
  for (const folder of searchPath()) {
    const found = await access(join(folder, name), constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return true;
  }
  return false;
}

/**
 * Runs a program to its end. Its output goes to the terminal, or comes back where `quiet` is set.
 *
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{ quiet?: boolean, env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<{ ok: boolean, code: number | null, output: string }>} never rejects: a program that cannot be started is not ok
 */
export function run(program, args, { quiet = false, env = systemEnvironment() } = {}) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: root, env, stdio: quiet ? ["ignore", "pipe", "pipe"] : "inherit" });
    /** @type {Buffer[]} */
    const chunks = [];
    child.stdout?.on("data", (chunk) => chunks.push(chunk));
    child.stderr?.on("data", (chunk) => chunks.push(chunk));
    const output = () => Buffer.concat(chunks).toString();
    child.once("error", (error) => resolve({ ok: false, code: null, output: error.message }));
    child.once("close", (code) => resolve({ ok: code === 0, code, output: output() }));
  });
}

/** Says one step of the set-up. @param {string} text */
export function say(text) {
  process.stderr.write(`set-up: ${text}\n`);
}

/** @param {number} startMs from performance.now() */
export function secondsSince(startMs) {
  return `${((performance.now() - startMs) / 1000).toFixed(1)} s`;
}
