/** The guide for newcomers, command by command as a person types them in two terminals, against the clock. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bulkheadDirectory } from "../../../../studio/src/locations.ts";
import { eventually } from "../../../../studio/src/run/eventually.ts";
import { stateDirectory } from "../../../../studio/src/run/instance.ts";
import { passphrase } from "./guide-device.ts";

/** What the page promises. */
const minutes = 10;
const page = join(bulkheadDirectory, "docs/guide/first-release.md");
const program = join(bulkheadDirectory, "studio/bin/bulkhead.js");
const folder = join(bulkheadDirectory, "first");
const secret = join(bulkheadDirectory, ".cache/first-passphrase");
const state = stateDirectory("first", bulkheadDirectory);
let other: ChildProcess | undefined;
/** Nothing of a person's was there: what is there then is this proof's, and may go. */
let isOurs = false;

beforeAll(async () => {
  // Whoever has followed the guide has keys there.
  expect([folder, state].filter(existsSync)).toEqual([]);
  isOurs = true;
  await writeFile(secret, `${passphrase}\n`, { mode: 0o600 });
});
afterAll(async () => {
  await endOther();
  if (!isOurs) return;
  for (const made of [folder, state, secret]) await rm(made, { recursive: true, force: true });
}, 60_000);

/** Ctrl-C in the other terminal. */
async function endOther(): Promise<void> {
  if (!other || other.exitCode !== null || other.signalCode !== null) return;
  const ended = once(other, "exit");
  process.kill(-(other.pid ?? 0), "SIGINT");
  await ended;
}

/** What a person answers to questions. */
function answered(line: string): string {
  if (line.startsWith("bulkhead forget")) return `${line} --yes`;
  if (!/^bulkhead (keys init|root init|sign|rollback)/.test(line)) return line;
  const yes = line.startsWith("bulkhead rollback") ? " --yes" : "";
  return `${line} --passphrase-file ${secret}${yes}`;
}

const words = (line: string) => line.split(" ").slice(1);

/** Types it and leaves it running; resolves with what it says once that matches. */
async function leaveRunning(line: string, pattern: RegExp): Promise<string> {
  await endOther();
  const child = spawn(process.execPath, [program, ...words(line), "--port", "0"], {
    cwd: bulkheadDirectory,
    stdio: ["ignore", "pipe", "pipe"],
    // A group of its own, as at a terminal, where Ctrl-C reaches all of it.
    detached: true,
  });
  other = child;
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data: Buffer) => (said += data.toString()));
  await eventually(`${line} to say ${pattern}`, 300_000, () => {
    if (child.exitCode !== null) throw new Error(`${line} ended: ${said}`);
    return pattern.test(said) || undefined;
  });
  return said;
}

async function type(line: string): Promise<{ code: number; output: string }> {
  const typed = answered(line).replace(/^bulkhead /, `'${process.execPath}' '${program}' `);
  const { exitCode = -1, all } = await execa("bash", ["-c", typed], {
    ...{ cwd: bulkheadDirectory, reject: false, all: true, stdin: "ignore" },
  });
  return { code: exitCode, output: all };
}

/** What the page says comes of a command that does not end well. */
const ends: Record<string, RegExp> = {
  "--release first/3": /RELEASE_FAILED_TO_START: .*fanOffMilliC must be below fanOnMilliC/s,
  "--target greenhouse-1.json": /RELEASE_ROLLBACK/,
};

/** The two keys that the management service has printed. */
let keys: readonly string[] = [];

/** Does what a line of the page says; returns what it printed. */
async function follow(line: string): Promise<string> {
  if (line.startsWith("bulkhead run")) return leaveRunning(line, /Ctrl-C ends it/);
  if (line.startsWith("bulkhead kms start")) {
    const said = await leaveRunning(line, /--snapshot=\S+ --timestamp=\S+/);
    keys = /--snapshot=(\S+) --timestamp=(\S+)/.exec(said)?.slice(1) ?? [];
    await endOther();
    return said;
  }
  if (line.startsWith("bulkhead forget")) await endOther();
  const [snapshot = "", timestamp = ""] = keys;
  const { code, output } = await type(line.replace("SNAPSHOT-KEY", snapshot).replace("TIMESTAMP-KEY", timestamp));
  const [, end] = Object.entries(ends).find(([part]) => line.includes(part)) ?? [];
  expect([line, code, output]).toEqual([line, end ? 1 : 0, end ? expect.stringMatching(end) : expect.any(String)]);
  return output;
}

test("[M11] [S8] in ten minutes from no keys to a bad release that was taken back, and a device that runs the next", async () => {
  const lines = [...(await readFile(page, "utf8")).matchAll(/^ {4}(\S.*)$/gm)].map(([, line]) => line ?? "");
  expect(lines.length).toBeGreaterThan(20);
  const shown: string[] = [];
  const beganMs = performance.now();
  for (const line of lines) {
    const lineBeganMs = performance.now();
    const output = await follow(line);
    expect(output).not.toContain(passphrase);
    if (line.includes("device show")) shown.push(output);
    process.stdout.write(`${((performance.now() - lineBeganMs) / 1000).toFixed(1)} s ${line}\n`);
  }
  const allS = (performance.now() - beganMs) / 1000;
  process.stdout.write(`${lines.length} commands in ${allS.toFixed(0)} s\n`);
  expect(shown[0]).toMatch(/generation\s+1/);
  expect(shown[1]).toMatch(/fanOffMilliC must be below fanOnMilliC/);
  expect([folder, stateDirectory("first", bulkheadDirectory)].filter(existsSync)).toEqual([]);
  expect(allS).toBeLessThan(minutes * 60);
});
