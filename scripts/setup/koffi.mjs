/**
 * koffi for the processors of boards, in .cache/koffi: npm installs that of this machine alone. `node scripts/setup/koffi.mjs arm64`, from the
 * npm registry that this machine is configured for; 1 MB each. Which version, and that it is the same bytes, says package-lock.json.
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root, run } from "./process.mjs";

/** By the boards' names of processors. @type {Readonly<Record<string, string>>} */
const packages = { x64: "koffi-linux-x64", arm64: "koffi-linux-arm64", armhf: "koffi-linux-arm" };

/**
 * The package's directory, fetched and checked if it is not there; undefined where there is none to be had.
 *
 * @param {string} architecture
 */
export async function installKoffi(architecture) {
  const name = packages[architecture];
  if (name === undefined) return undefined;
  const target = join(root, ".cache", "koffi", name);
  const lock = JSON.parse(await readFile(join(root, "package-lock.json"), "utf8"));
  const { version, integrity } = lock.packages[`node_modules/@koromix/${name}`];
  if (existsSync(target) && (await isVersion(target, version))) return target;
  await mkdir(join(root, ".cache", "koffi"), { recursive: true });
  const work = await mkdtemp(`${target}-`);
  try {
    const options = ["pack", `@koromix/${name}@${version}`, "--pack-destination", work, "--silent"];
    const packed = await run("npm", options, { quiet: true });
    const archive = join(work, `koromix-${name}-${version}.tgz`);
    if (!packed.ok || !existsSync(archive)) return undefined;
    const digest = createHash("sha512")
      .update(await readFile(archive))
      .digest("base64");
    if (`sha512-${digest}` !== integrity)
      throw new Error(`${name}@${version} is not the archive that it was: ${digest}`);
    const unpacked = await run("tar", ["-xzf", archive, "-C", work, "package"], { quiet: true });
    if (!unpacked.ok) return undefined;
    await rm(target, { recursive: true, force: true });
    await rename(join(work, "package"), target);
    return target;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/**
 * @param {string} directory
 * @param {string} version
 */
async function isVersion(directory, version) {
  return JSON.parse(await readFile(join(directory, "package.json"), "utf8")).version === version;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const architecture = process.argv[2] ?? "";
  const target = await installKoffi(architecture);
  const words = Object.keys(packages).join(", ");
  process.stdout.write(
    `${target ?? `there is no koffi for ${architecture || "no processor"} (${words}), or it could not be fetched`}\n`,
  );
  process.exitCode = target === undefined ? 1 : 0;
}
