/** Audits package-lock.json and what was installed from it, without asking anyone: origin, integrity, licence. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { root } from "./setup/process.mjs";

/** Licences under which a package may be part of this repository's tools or products. MPL-2.0: used unmodified, by files. */
const allowedLicences = new Set([
  "0BSD",
  "Apache-2.0",
  "BlueOak-1.0.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "CC0-1.0",
  "ISC",
  "MIT",
  "MPL-2.0",
  "PostgreSQL",
  "Python-2.0",
  "Unlicense",
]);

/**
 * What is wrong with one entry of the lock file, in words.
 *
 * @param {string} path its key, for example `node_modules/zod`
 * @param {{ link?: boolean, resolved?: string, integrity?: string }} entry
 * @returns {string[]}
 */
export function faultsOfEntry(path, entry) {
  if (!path.includes("node_modules/") || entry.link) return [];
  const faults = [];
  if (!/^sha512-[A-Za-z0-9+/]{86}==$/.test(entry.integrity ?? "")) faults.push(`${path} has no SHA-512 integrity hash`);
  if (entry.resolved && !/^https:\/\/[^/]+\/.+\.tgz$/.test(entry.resolved)) {
    faults.push(
      `${path} comes from ${entry.resolved}, which is no registry (https, a .tgz): depend on a published version`,
    );
  }
  return faults;
}

/**
 * True where every reading of an SPDX expression is allowed: all sides of AND, one side of OR.
 *
 * @param {unknown} licence of a package.json
 */
export function isAllowedLicence(licence) {
  if (typeof licence !== "string") return false;
  const expression = licence.replaceAll(/[()]/g, "");
  return expression.split(" OR ").some((side) => side.split(" AND ").every((name) => allowedLicences.has(name.trim())));
}

async function main() {
  const { packages } = JSON.parse(await readFile(join(root, "package-lock.json"), "utf8"));
  const faults = [];
  let installed = 0;
  for (const [path, entry] of Object.entries(packages)) {
    faults.push(...faultsOfEntry(path, entry));
    if (!path.includes("node_modules/") || entry.link) continue;
    const text = await readFile(join(root, path, "package.json"), "utf8").catch(() => undefined);
    // Optional packages of other platforms are in the lock file but not here.
    if (text === undefined) continue;
    installed += 1;
    const { license } = JSON.parse(text);
    if (!isAllowedLicence(license)) {
      faults.push(`${path} has the licence ${JSON.stringify(license)}, which scripts/audit.mjs does not allow`);
    }
  }
  for (const fault of faults) process.stdout.write(`${fault}\n`);
  process.stdout.write(
    `${Object.keys(packages).length} entries, ${installed} installed packages, ${faults.length} faults\n`,
  );
  process.exitCode = faults.length === 0 ? 0 : 1;
}

if (process.argv[1]?.endsWith("audit.mjs")) await main();
