/** Asks Debian's archive, as this machine's mmdebstrap knows it: what packages come to, and for packages themselves. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";
import { execa } from "execa";
import { type LockedPackage, parseOffer } from "./locked.ts";

export type Archive = { readonly suite: string; readonly architecture: string };

const here = import.meta.dirname;
const hook = 'sh "$BULKHEAD_HOOK" "$1"';
/** Run before any list is read: takes the release alone, without its lists of updates, which change from day to day. */
const releaseAlone = `sed -i -E '/ [a-z]+-(updates|security) /d' "$1/etc/apt/sources.list"`;

/** What each of `wanted` comes to, with all that it depends on. Throws IMAGE_ARCHIVE_FAILED. */
export async function resolvePackages(
  archive: Archive,
  wanted: ReadonlyMap<string, readonly string[]>,
  workDir: string,
): Promise<Map<string, LockedPackage[]>> {
  return withQuestion(workDir, async (question) => {
    for (const [name, packages] of wanted) await writeFile(join(question, "wanted", name), packages.join("\n"));
    await ask(archive, question, "apt.sh", [`--setup-hook=${releaseAlone}`, `--customize-hook=${hook}`]);
    const found = new Map<string, LockedPackage[]>();
    for (const name of wanted.keys()) {
      const text = await readFile(join(question, "found", name), "utf8");
      found.set(name, text.split("\n").filter(Boolean).map(parseOffer));
    }
    return found;
  });
}

/**
 * Brings packages by their places in the archive and hands each file to `take`. An archive keeps them for a while after its lists name newer
 * ones. Throws IMAGE_ARCHIVE_FAILED, also where it has one no more.
 */
export async function downloadPackages(
  archive: Archive,
  packages: readonly LockedPackage[],
  workDir: string,
  take: (file: string) => Promise<void>,
): Promise<void> {
  await withQuestion(workDir, async (question) => {
    const lines = new Set(packages.map(({ path, sha256 }) => `${path} ${sha256}\n`));
    await writeFile(join(question, "download"), [...lines].join(""));
    await ask(archive, question, "download.sh", ["--skip=update", `--setup-hook=${hook}`]);
    for (const name of await readdir(join(question, "packages"))) await take(join(question, "packages", name));
  });
}

async function withQuestion<T>(workDir: string, work: (question: string) => Promise<T>): Promise<T> {
  await mkdir(workDir, { recursive: true });
  const question = await mkdtemp(join(workDir, "asking-"));
  try {
    await mkdir(join(question, "wanted"));
    return await work(question);
  } finally {
    await rm(question, { recursive: true, force: true });
  }
}

async function ask(
  { suite, architecture }: Archive,
  question: string,
  script: string,
  options: readonly string[],
): Promise<void> {
  // Nothing of the packages is run, so their processor need not be this machine's.
  const always = ["--quiet", "--variant=custom", "--skip=check/qemu", `--architectures=${architecture}`];
  const env = { BULKHEAD_QUESTION: question, BULKHEAD_HOOK: join(here, script) };
  await execa("mmdebstrap", [...always, ...options, suite, join(question, "root")], { env }).catch((cause: Error) => {
    throw new BulkheadError("IMAGE_ARCHIVE_FAILED", `Debian's archive did not answer for ${architecture}`, {
      cause,
      remedy: `${remedyOf(lastWords(cause))}; it said: ${lastWords(cause)}`,
    });
  });
}

function remedyOf(said: string): string {
  return /archive has no .*\b404\b/.test(said)
    ? "what is locked has gone from the archive: `bulkhead image lock` takes what it has today"
    : "needs mmdebstrap and a way to the archive";
}

function lastWords(error: Error): string {
  const text = "stderr" in error ? String(error.stderr) : error.message;
  const telling = text.split("\n").filter((line) => /^E: /.test(line));
  return telling[0] ?? text.trim().split("\n").at(-1) ?? "nothing";
}
