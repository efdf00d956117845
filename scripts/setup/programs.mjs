/** The system programs, and which Debian package has each; what is missing is installed with apt-get. */
import { existsSync } from "node:fs";
import { hasProgram, run, say, secondsSince } from "./process.mjs";
import { Unready } from "./unready.mjs";

/** Program, or file, → package, by who needs it. */
const packages = {
  run: {
    bwrap: "bubblewrap",
    wg: "wireguard-tools",
    "wireguard-go": "wireguard-go",
    nft: "nftables",
    ip: "iproute2",
    setpriv: "util-linux",
    nsenter: "util-linux",
    mount: "mount",
    "mkfs.ext4": "e2fsprogs",
    sysctl: "procps",
  },
  /** Gives an ordinary user more than one uid: installed with the rest, but nothing that a start must wait or fail for. */
  ordinaryUser: { newuidmap: "uidmap" },
  test: {
    shellcheck: "shellcheck",
    gcc: "gcc",
    "/usr/include/stdio.h": "libc6-dev",
    erlc: "erlang-base",
    elixirc: "elixir",
  },
};

/** Ubuntu has Chromium only as a snap, which cannot be driven from here: without a browser its tests say that they are skipped. */
const browsers = ["chromium", "google-chrome", "google-chrome-stable"];

/** @param {"run" | "test"} purpose */
export async function installPrograms(purpose) {
  const wanted = { ...packages.run, ...(purpose === "test" ? { ...packages.test, ...required() } : {}) };
  const missing = await missingPackages(wanted);
  const browser = purpose === "test" && !(await hasBrowser());
  if (missing.length === 0 && !browser) return;
  if (!(await hasProgram("apt-get"))) {
    if (missing.length === 0) return;
    throw new Unready(
      `These programs are missing, and this machine has no apt-get to install them with: ${namesOf(wanted, missing)}. Install them and start again.`,
    );
  }
  const helpful = missing.length > 0 && process.getuid?.() !== 0 ? await missingPackages(packages.ordinaryUser) : [];
  const withBrowser = browser && (await isRealPackage("chromium")) ? ["chromium"] : [];
  const installable = [...missing, ...helpful, ...withBrowser];
  if (installable.length > 0) await install(installable);
  const still = await missingPackages(wanted);
  if (still.length > 0) {
    throw new Unready(`After the installation these programs are still not on PATH: ${namesOf(wanted, still)}.`);
  }
}

/** What only CI must have: tests of it say "skipped" elsewhere. */
function required() {
  return {
    ...(process.env["BULKHEAD_RUST"] === "required" ? { rustc: "rustc" } : {}),
    ...(process.env["BULKHEAD_GDB"] === "required" ? { gdb: "gdb" } : {}),
    ...(process.env["BULKHEAD_VM"] === "required" ? { mmdebstrap: "mmdebstrap" } : {}),
  };
}

/** @param {Record<string, string>} wanted @returns {Promise<string[]>} */
async function missingPackages(wanted) {
  const missing = new Set();
  for (const [program, name] of Object.entries(wanted)) if (!(await isThere(program))) missing.add(name);
  return [...missing];
}

/** @param {string} program its name, or the path of a file */
async function isThere(program) {
  return program.startsWith("/") ? existsSync(program) : hasProgram(program);
}

/** @param {Record<string, string>} wanted @param {string[]} missing */
function namesOf(wanted, missing) {
  const named = Object.entries(wanted).filter(([, name]) => missing.includes(name));
  return named.map(([program, name]) => `${program} (Debian package ${name})`).join(", ");
}

async function hasBrowser() {
  if (process.env["CHROMIUM"]) return true;
  for (const name of browsers) if (await hasProgram(name)) return true;
  return false;
}

/** @param {string} name */
async function isRealPackage(name) {
  const { ok, output } = await run("apt-cache", ["policy", name], { quiet: true });
  return ok && /Candidate: \d/.test(output) && !/snap/.test(output);
}

/** @param {string[]} names */
async function install(names) {
  const isRoot = process.getuid?.() === 0;
  if (!isRoot && !(await hasProgram("sudo"))) {
    throw new Unready(
      `Debian packages are missing and there is no sudo: as root, run \`apt-get install ${names.join(" ")}\`.`,
    );
  }
  say(`installing Debian packages${isRoot ? "" : " (with sudo)"}: ${names.join(" ")}`);
  const startMs = performance.now();
  const once = () => apt("install", "--yes", "--no-install-recommends", ...names);
  // Package lists are fetched only where those at hand do not know the packages, or know versions that are gone.
  const known = await run("apt-get", ["install", "--simulate", ...names], { quiet: true });
  const installed = (known.ok && (await once()).ok) || ((await apt("update")).ok && (await once()).ok);
  if (!installed) {
    throw new Unready(
      `apt-get could not install ${names.join(" ")} (its own words are above). Install them and start again.`,
    );
  }
  say(`Debian packages installed in ${secondsSince(startMs)}`);
}

/** @param {readonly string[]} args */
function apt(...args) {
  const command = ["DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", ...args];
  return process.getuid?.() === 0 ? run("env", command) : run("sudo", ["env", ...command]);
}
