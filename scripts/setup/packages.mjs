/** The npm packages: exactly those of package-lock.json, installed again whenever the lock file has changed. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { root, run, say, secondsSince } from "./process.mjs";
import { Unready } from "./unready.mjs";

/** @typedef {{ packages: Record<string, { link?: boolean, version?: string, integrity?: string }> }} LockFile */

const modules = join(root, "node_modules");
// Written last, so that an installation that was cut short is done again.
const markerFile = join(modules, ".bulkhead-lock");

const options = [
  // Not `npm ci`: it refuses a lock file without the optional packages of other platforms (musl, Windows), and a
  // registry that mirrors only some of them can make no other. What was installed is compared with the lock file below.
  "--no-save",
  // Native parts come ready made, or are compiled for boards by the build: nobody needs a compiler to begin. npm before 11.16 knows no
  // `allowScripts` of package.json, so those that are allowed are run after.
  "--ignore-scripts",
  // The pinned Node is an optional dependency, and NODE_ENV=production would leave out what builds and tests.
  "--include=optional",
  "--include=dev",
  // Warnings about the engines of packages are noise here: they run on the pinned Node, not on the one that runs npm.
  "--loglevel=error",
  "--engine-strict=false",
  "--no-audit",
  "--no-fund",
];

export async function installPackages() {
  const lockText = await readFile(join(root, "package-lock.json"), "utf8");
  const wanted = fingerprint(lockText);
  const installed = await readFile(markerFile, "utf8").catch(() => undefined);
  if (wanted === installed) return;
  say("installing the npm packages of package-lock.json (about a minute)");
  const startMs = performance.now();
  // What was once complete is brought up to date in place, under programs that may run from it; anything else is made anew.
  await rm(installed === undefined ? modules : markerFile, { recursive: true, force: true });
  if (!(await run("npm", ["install", ...options])).ok || !(await runAllowedScripts())) {
    throw new Unready(
      "npm could not install the packages (its own words are above). It needs the registry that this machine is configured for: `npm ping` tells whether it answers.",
    );
  }
  const [fault] = differences(
    JSON.parse(lockText),
    JSON.parse(await readFile(join(modules, ".package-lock.json"), "utf8")),
  );
  if (fault)
    throw new Unready(
      `npm did not install what package-lock.json says: ${fault}. Run \`npm install\` and look at what it changes.`,
    );
  await writeFile(markerFile, wanted);
  say(`npm packages installed in ${secondsSince(startMs)}`);
}

/** Of packages that package.json allows it to, and that are there for this processor. */
async function runAllowedScripts() {
  /** @type {{ allowScripts: Record<string, boolean> }} */
  const { allowScripts } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  const allowed = Object.keys(allowScripts).filter((name) => allowScripts[name] && existsSync(join(modules, name)));
  return (
    allowed.length === 0 || (await run("npm", ["rebuild", "--ignore-scripts=false", "--loglevel=error", ...allowed])).ok
  );
}

/**
 * Where what npm says that it installed (node_modules/.package-lock.json) is not what the lock file asked for.
 *
 * @param {LockFile} lock
 * @param {LockFile} installed
 * @returns {string[]}
 */
export function differences(lock, installed) {
  return Object.entries(installed.packages).flatMap(([path, { link, version, integrity }]) => {
    const locked = lock.packages[path];
    if (!locked) return [`${path} is not in it`];
    if (link || (locked.version === version && locked.integrity === integrity)) return [];
    return [`${path} is ${version} with ${integrity}, not ${locked.version} with ${locked.integrity}`];
  });
}

/**
 * The platform is part of it: node_modules of another processor does not run here.
 *
 * @param {string} lockText
 */
function fingerprint(lockText) {
  return `${createHash("sha256").update(lockText).digest("hex")} ${process.platform}-${process.arch}\n`;
}
