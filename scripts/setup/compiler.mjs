/**
 * The compilers for native add-ons of drivers, in the cache of this user's checkouts (cache.mjs): Debian's cross compilers, unpacked and never installed, the same on every
 * host, so that the same sources give the same bytes. 290 MB for each processor, so they come only where somebody asks for them:
 * `node scripts/setup/compiler.mjs arm64` (needs mmdebstrap). With that of armhf come the headers of Debian's Node there.
 */
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { sharedCache } from "./cache.mjs";
import { root, run } from "./process.mjs";

/** Debian's suite, and what its compilers say of themselves: another answer would give other bytes without a word. */
const suite = "trixie";
const pinned = ["(Debian 14.2.0-19) 14.2.0", "(GNU Binutils for Debian) 2.44"];

/**
 * By the boards' names of processors: Debian's prefix of its programs, and its name of the package. `node`: the major of the Node there,
 * where it is not the one that this checkout pins.
 *
 * @type {Readonly<Record<string, { prefix: string, debian: string, node?: 20 }>>}
 */
const targets = {
  x64: { prefix: "x86_64-linux-gnu", debian: "x86-64-linux-gnu" },
  arm64: { prefix: "aarch64-linux-gnu", debian: "aarch64-linux-gnu" },
  armhf: { prefix: "arm-linux-gnueabihf", debian: "arm-linux-gnueabihf", node: 20 },
};

/** Debian's names of the processors that a host can have. @type {Readonly<Record<string, string>>} */
const hosts = { x64: "amd64", arm64: "arm64" };

/** What only people read. */
const ballast = ["usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/info", "dev", "var"];

/**
 * The directory with `root/` (to be `/` of who compiles) and `version`, and `node/` where the board's Node is another; fetched if it is not
 * there. Undefined where there is none to be had.
 *
 * @param {string} architecture
 */
export async function installCompiler(architecture) {
  const [wanted, host] = [targets[architecture], hosts[process.arch]];
  if (wanted === undefined || host === undefined) return undefined;
  const target = join(sharedCache("compilers"), `${suite}-${architecture}`);
  if (existsSync(join(target, "version"))) return target;
  await mkdir(dirname(target), { recursive: true });
  const work = await mkdtemp(`${target}-`);
  try {
    const tree = join(work, "root");
    const options = ["--quiet", "--variant=extract", `--architectures=${host}`, `--include=g++-${wanted.debian}`];
    const lean = '--aptopt=APT::Install-Recommends "false"';
    const unpacked = await run("mmdebstrap", [...options, lean, suite, tree], { quiet: true });
    if (!unpacked.ok) return refuse(unpacked.output);
    await dress(tree, wanted.prefix);
    const version = await versionOf(tree, wanted.prefix);
    if (!pinned.every((part) => version.includes(part))) return refuse(`the compiler is not what it was: ${version}`);
    if (wanted.node && !(await copyNode20(join(work, "node"))))
      return refuse("the headers of Node 20 could not be fetched");
    await writeFile(join(work, "version"), version);
    // Another checkout was faster; its compiler is as good as ours.
    await rename(work, target).catch((error) => {
      if (!existsSync(join(target, "version"))) throw error;
    });
    return target;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** @param {string} output */
function refuse(output) {
  process.stderr.write(`${output.trim().split("\n").slice(-3).join("\n")}\n`);
  return undefined;
}

/**
 * What other packages of Debian would bring, and the places where something is mounted.
 *
 * @param {string} tree @param {string} prefix
 */
async function dress(tree, prefix) {
  for (const path of ballast) await rm(join(tree, path), { recursive: true, force: true });
  for (const path of ["bin", "lib", "lib64"]) {
    if (existsSync(join(tree, "usr", path)) && !existsSync(join(tree, path)))
      await symlink(`usr/${path}`, join(tree, path));
  }
  // A compiler for its own processor calls them by these names.
  for (const name of ["as", "ld"]) {
    if (!existsSync(join(tree, "usr/bin", name))) await symlink(`${prefix}-${name}`, join(tree, "usr/bin", name));
  }
  for (const path of ["dev", "proc", "tmp", "build"]) await mkdir(join(tree, path), { recursive: true });
}

/** @param {string} tree @param {string} prefix */
async function versionOf(tree, prefix) {
  const ask = async (/** @type {string} */ program) => {
    const sandbox = ["--unshare-all", "--die-with-parent", "--ro-bind", tree, "/"];
    const { output } = await run("bwrap", [...sandbox, `/usr/bin/${prefix}-${program}`, "--version"], { quiet: true });
    return output.split("\n")[0] ?? "";
  };
  return `${await ask("g++")}\n${await ask("ld")}\n`;
}

/** @param {string} target */
async function copyNode20(target) {
  const { ok, output } = await run(process.execPath, [join(root, "scripts/node-20.mjs")], { quiet: true });
  if (!ok) return false;
  await cp(join(dirname(dirname(output.trim())), "include", "node"), target, { recursive: true });
  return true;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const [, , asked = process.arch] = process.argv;
  const target = await installCompiler(asked);
  process.stdout.write(`${target ?? `there is no compiler for ${asked}, or it could not be fetched`}\n`);
  process.exitCode = target === undefined ? 1 : 0;
}
