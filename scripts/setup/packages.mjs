/** The npm packages: exactly those of package-lock.json, installed again whenever the lock file has changed. */
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { root, run, say, secondsSince } from "./process.mjs";
import { Unready } from "./unready.mjs";

// Written last, so that an installation that was cut short is done again.
const markerFile = join(root, "node_modules", ".bulkhead-lock");

export async function installPackages() {
  const wanted = await fingerprint();
  if (wanted === (await readFile(markerFile, "utf8").catch(() => ""))) return;
  say("installing the npm packages of package-lock.json (npm ci; about a minute)");
  const startMs = performance.now();
  const { ok } = await run("npm", [
    "ci",
    // The pinned Node is an optional dependency, and NODE_ENV=production would leave out what builds and tests.
    "--include=optional",
    "--include=dev",
    // Warnings about the engines of packages are noise here: they run on the pinned Node, not on the one that runs npm.
    "--loglevel=error",
    "--engine-strict=false",
    "--no-audit",
    "--no-fund",
  ]);
  if (!ok) {
    throw new Unready(
      "npm ci did not succeed (its own words are above). It needs the npm registry that this machine is configured for: `npm ping` tells whether it answers.",
    );
  }
  await writeFile(markerFile, wanted);
  say(`npm packages installed in ${secondsSince(startMs)}`);
}

// The platform is part of it: node_modules of another processor does not run here.
async function fingerprint() {
  const lock = await readFile(join(root, "package-lock.json"));
  return `${createHash("sha256").update(lock).digest("hex")} ${process.platform}-${process.arch}\n`;
}
