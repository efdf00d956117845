#!/usr/bin/env node
/**
 * Runs the command line under the pinned Node, whatever Node npm itself was started with: an older one cannot read
 * TypeScript. Plain JavaScript for the same reason. Called by `npx --no bulkhead`.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const child = spawn(pinnedNode(), [main, ...process.argv.slice(2)], { stdio: "inherit" });

// Ctrl-C reaches the child by the terminal; what is sent to this process alone is passed on.
process.on("SIGINT", () => undefined);
process.on("SIGTERM", () => child.kill("SIGTERM"));
child.on("error", (error) => {
  process.stderr.write(`MISSING_PROGRAM: ${error.message}\n  → run npm ci\n`);
  process.exitCode = 1;
});
child.on("exit", (code, signal) => {
  process.exitCode = code ?? (signal === "SIGINT" ? 130 : 1);
});

function pinnedNode() {
  try {
    const manifest = createRequire(import.meta.url).resolve(`node-linux-${process.arch}/package.json`);
    const node = join(dirname(manifest), "bin/node");
    if (existsSync(node)) return node;
  } catch {
    // Not installed for this architecture: the Node that runs us has to do.
  }
  return process.execPath;
}
