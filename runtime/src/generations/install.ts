/**
 * Takes a release from where another process put it into the device's own store, where only the root server writes.
 * Nothing of the other's word is believed: the name of the directory is the digest of the release, the release names
 * every tree by digest, and each is computed again while it is copied.
 */
import { access, constants, mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import {
  type Artifact,
  BulkheadError,
  canonicalJson,
  type InstalledRelease,
  installedReleaseSchema,
  maxReleaseBytes,
  type Release,
  sha256,
} from "@bulkhead/protocol";
import { replaceFile, syncDirectory } from "./durable.ts";
import { firstRecord } from "./record.ts";
import { readRecord, writeRecord } from "./slots.ts";
import { packTree, treeDigest, unpackTree } from "./tree/index.ts";

/** Where an installed release lies. */
export function releaseDirectory(dataDir: string, digest: string): string {
  return join(dataDir, "releases", digest);
}

/**
 * Copies the release in `fromDir` (named after its digest; `release.json`, `artifacts/<digest>/…`) into the store.
 * Artifacts that are missing there are taken from installed releases. Does nothing where it is installed and intact.
 *
 * `isUsed`: components run from an earlier installation of it, which must not be taken away from them.
 * Throws CONFLICT where that would be, RELEASE_NOT_ENDORSED where there is no such directory, RELEASE_ARTIFACT_ALTERED where a digest is not the
 * one that was named, RELEASE_INVALID where the document or a tree is not well formed.
 */
export async function installRelease(dataDir: string, fromDir: string, isUsed = false): Promise<InstalledRelease> {
  const digest = basename(fromDir);
  const text = await readReleaseFile(fromDir).catch((cause: unknown) => {
    throw cause instanceof BulkheadError
      ? cause
      : new BulkheadError("RELEASE_NOT_ENDORSED", `there is no endorsed release ${digest}`, { cause });
  });
  const release = parseRelease(text, digest);
  const installed = await verifyInstalled(dataDir, digest).catch(() => null);
  if (installed) {
    // Who installed it may have been killed before its name was safe.
    await syncDirectory(join(dataDir, "releases"));
    return installed;
  }
  if (isUsed) {
    throw new BulkheadError(
      "CONFLICT",
      `components still run from what is left of an earlier installation of ${digest}`,
      {
        remedy: "restart the device, then deploy the release again",
      },
    );
  }
  await store(dataDir, digest, text, release.artifacts, treesIn(dataDir, join(fromDir, "artifacts")));
  return release;
}

/** The archive of each artifact of a release. Whose it is nobody believes. */
export type Archives = (artifact: Artifact) => Promise<AsyncIterable<Uint8Array>>;

/**
 * Puts the first release on a device, as flashing does, of archives or of a directory that holds a tree per digest. Writes the first record;
 * throws CONFLICT where the device has one already.
 */
export async function installFactoryRelease(
  dataDir: string,
  release: Release,
  from: string | Archives,
): Promise<string> {
  if (await readRecord(dataDir)) {
    throw new BulkheadError("CONFLICT", `${dataDir} holds a device already`, {
      remedy: "deploy the release to the device, or give an empty directory",
    });
  }
  const text = canonicalJson(release);
  const digest = sha256(text);
  await store(dataDir, digest, text, release.artifacts, typeof from === "string" ? treesIn(dataDir, from) : from);
  await writeRecord(dataDir, firstRecord(digest, release));
  return digest;
}

/**
 * Brings back what is damaged or missing of the installed release `digest`, whose document is intact, from what was endorsed of it in
 * `fromDir`. One artifact after the other, and the document stays where it is: a cut leaves a release that can be mended again.
 * Throws RELEASE_ARTIFACT_ALTERED, RELEASE_INVALID.
 */
export async function mendInstalled(dataDir: string, digest: string, fromDir: string): Promise<InstalledRelease> {
  const directory = releaseDirectory(dataDir, digest);
  const release = await readInstalled(dataDir, digest);
  const intact = (await readIntactPart(dataDir, digest))?.artifacts ?? [];
  for (const artifact of release.artifacts) {
    if (intact.some((whole) => whole.digest === artifact.digest)) continue;
    await replaceTree(artifact, join(fromDir, "artifacts", artifact.digest), join(directory, "artifacts"));
  }
  // Who exchanged one before may have been killed before its name was safe.
  await syncDirectory(join(directory, "artifacts"));
  return verifyInstalled(dataDir, digest);
}

/** Grows beside its place, and takes it when it is whole. */
async function replaceTree(artifact: Artifact, source: string, directory: string): Promise<void> {
  const place = join(directory, artifact.digest);
  const growing = `${place}.new`;
  await rm(growing, { recursive: true, force: true });
  try {
    checkIdentity(artifact, await unpackTree(packTree(source), growing));
    await rm(place, { recursive: true, force: true });
    await rename(growing, place);
  } catch (error) {
    await rm(growing, { recursive: true, force: true }).catch(() => undefined);
    throw error;
  }
}

/** The document of an installed release, and nothing of its artifacts. Throws where it is not as it was signed. */
export async function readInstalled(dataDir: string, digest: string): Promise<InstalledRelease> {
  return parseRelease(await readReleaseFile(releaseDirectory(dataDir, digest)), digest);
}

/**
 * Recomputes every digest of an installed release. Called at each activation and boot.
 * Throws RELEASE_ARTIFACT_ALTERED naming what is not as it was signed.
 */
export async function verifyInstalled(dataDir: string, digest: string): Promise<InstalledRelease> {
  const directory = releaseDirectory(dataDir, digest);
  const text = await readReleaseFile(directory).catch((cause: unknown) => {
    throw altered(`the installed release ${digest} cannot be read`, cause);
  });
  const release = parseRelease(text, digest);
  for (const artifact of release.artifacts) {
    const found = await treeDigest(join(directory, "artifacts", artifact.digest)).catch((cause: unknown) => {
      throw altered(`the installed artifact ${artifact.digest} cannot be read`, cause);
    });
    checkIdentity(artifact, found);
  }
  return release;
}

/** An installed release without the artifacts that are not as they were signed; null where its document is not. */
export async function readIntactPart(dataDir: string, digest: string): Promise<InstalledRelease | null> {
  const directory = releaseDirectory(dataDir, digest);
  try {
    const release = await readInstalled(dataDir, digest);
    const found = await Promise.all(
      release.artifacts.map(async (artifact) => {
        const tree = await treeDigest(join(directory, "artifacts", artifact.digest)).catch(() => undefined);
        return tree?.digest === artifact.digest && tree.length === artifact.length ? [artifact] : [];
      }),
    );
    return { ...release, artifacts: found.flat() };
  } catch {
    return null;
  }
}

/**
 * Removes installed releases other than `kept`, and what an interrupted installation left. `used`: paths below `dataDir` that components
 * which went on over an update still run from: of a release that is not kept they are all that stays.
 */
export async function collectGarbage(
  dataDir: string,
  kept: readonly string[],
  used: readonly string[] = [],
): Promise<void> {
  for (const name of await readdir(join(dataDir, "releases"))) {
    if (!kept.includes(name)) await removeUnused(dataDir, join("releases", name), used);
  }
}

/** `path`, but for what of it is in use. The document goes first: what is left is no release. */
async function removeUnused(dataDir: string, path: string, used: readonly string[]): Promise<void> {
  if (used.includes(path)) return;
  const within = used.filter((one) => one.startsWith(`${path}/`));
  if (within.length === 0) {
    await rm(join(dataDir, path), { recursive: true, force: true });
    return;
  }
  const names = await readdir(join(dataDir, path));
  const isUsed = (name: string) => within.some((one) => `${one}/`.startsWith(`${path}/${name}/`));
  for (const name of names.toSorted((one, other) => Number(isUsed(one)) - Number(isUsed(other)))) {
    await removeUnused(dataDir, `${path}/${name}`, used);
  }
}

async function store(
  dataDir: string,
  digest: string,
  text: string,
  artifacts: readonly Artifact[],
  archives: Archives,
): Promise<void> {
  const final = releaseDirectory(dataDir, digest);
  const growing = `${final}.new`;
  await rm(growing, { recursive: true, force: true });
  try {
    await grow(growing, text, artifacts, archives);
  } catch (error) {
    // A full disk is not to be kept full by what did not fit on it.
    await rm(growing, { recursive: true, force: true }).catch(() => undefined);
    throw error;
  }
  // One that is there is damaged, or this would not have been called.
  await rm(final, { recursive: true, force: true });
  await rename(growing, final);
  await syncDirectory(join(dataDir, "releases"));
}

async function grow(growing: string, text: string, artifacts: readonly Artifact[], archives: Archives): Promise<void> {
  await mkdir(join(growing, "artifacts"), { recursive: true, mode: 0o755 });
  for (const artifact of artifacts) {
    const archive = await archives(artifact);
    checkIdentity(artifact, await unpackTree(archive, join(growing, "artifacts", artifact.digest)));
  }
  await syncDirectory(join(growing, "artifacts"));
  await replaceFile(join(growing, "release.json"), text);
}

const treesIn =
  (dataDir: string, artifactsDir: string): Archives =>
  async ({ digest }) =>
    packTree(await findTree(dataDir, digest, artifactsDir));

/** Of several the first that is intact, for the disk may have damaged one of them. Whether it is the last, whoever unpacks it finds out. */
async function findTree(dataDir: string, digest: string, artifactsDir: string): Promise<string> {
  const installed = await readdir(join(dataDir, "releases"));
  const places = [artifactsDir, ...installed.map((name) => join(dataDir, "releases", name, "artifacts"))];
  const trees: string[] = [];
  for (const tree of places.map((place) => join(place, digest))) if (await isThere(tree)) trees.push(tree);
  for (const tree of trees.slice(0, -1)) {
    const found = await treeDigest(tree).catch(() => undefined);
    if (found?.digest === digest) return tree;
  }
  const last = trees.at(-1);
  if (last !== undefined) return last;
  throw new BulkheadError("RELEASE_INVALID", `the artifact ${digest} of the release is nowhere on the device`);
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

// A link, a FIFO or a giant in the place of the file must not make the root server follow, wait or grow.
async function readReleaseFile(directory: string): Promise<string> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await open(join(directory, "release.json"), flags);
  try {
    const stat = await file.stat();
    if (!stat.isFile() || stat.size > maxReleaseBytes) {
      throw new BulkheadError("RELEASE_INVALID", `release.json is not a file of at most ${maxReleaseBytes} bytes`);
    }
    const { buffer, bytesRead } = await file.read(Buffer.alloc(stat.size), 0, stat.size, 0);
    return buffer.toString("utf8", 0, bytesRead);
  } finally {
    await file.close();
  }
}

function parseRelease(text: string, digest: string): InstalledRelease {
  if (sha256(text) !== digest) throw altered(`release.json does not have the digest ${digest}`);
  const release = readDocument(text, digest);
  for (const [name, { image }] of Object.entries(release.system.components)) {
    if (!("artifact" in image) || release.artifacts.some((artifact) => artifact.digest === image.artifact)) continue;
    throw new BulkheadError("RELEASE_INVALID", `release ${digest} does not list the artifact of ${name}`);
  }
  return release;
}

function readDocument(text: string, digest: string): InstalledRelease {
  try {
    return installedReleaseSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new BulkheadError("RELEASE_INVALID", `release ${digest} is not well formed`, { cause });
  }
}

function checkIdentity(expected: Artifact, found: Artifact): void {
  if (expected.digest === found.digest && expected.length === found.length) return;
  throw altered(`the artifact ${expected.digest} is ${found.digest} of ${found.length} bytes`);
}

function altered(what: string, cause?: unknown): BulkheadError {
  return new BulkheadError("RELEASE_ARTIFACT_ALTERED", what, {
    cause,
    remedy: "deploy the release again; the device goes on with the previous one",
  });
}
