/** Takes judged artifacts out of the agent's reach: each is unpacked and hashed on its way into the endorsed directory. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import {
  type Artifact,
  BulkheadError,
  blobsOf,
  canonicalJson,
  type InstalledRelease,
  sha256,
} from "@bulkhead/protocol";
import { forOthers, isForOthers, type Unwrap, unseal } from "../age/index.ts";
import { createFile, replaceFile, syncDirectory } from "../generations/durable.ts";
import { treeDigest, unpackTree } from "../generations/index.ts";
import type { VerifierConfig, VerifierDirectories } from "./config.ts";
import type { Stored } from "./read-release.ts";
import { withStaged } from "./staged-file.ts";

/** Behind the name of what is not endorsed yet. */
const unfinished = ".new";

/** What is encrypted of a release, and what opens it. */
export type Sealed = { readonly stored: Stored; readonly unwrap: Unwrap };

/**
 * Whether it is endorsed, and the artifacts that neither the root server nor the endorsed directory has. Of others nothing stays endorsed but what is `unheard` of, which the root
 * server may be copying: what a cut or a failed update left would take the room of every later one.
 */
export async function makeWay(
  release: InstalledRelease,
  releaseDigest: string,
  config: VerifierConfig,
  directories: VerifierDirectories,
  unheard: readonly string[],
): Promise<{ isEndorsed: boolean; missing: Artifact[] }> {
  const isEndorsed = await isWhole(release, releaseDigest, config, directories);
  await forget(directories, (name) => !unheard.includes(name) && !(isEndorsed && name === releaseDigest));
  if (isEndorsed) return { isEndorsed, missing: [] };
  const installed = new Set(config.installedArtifacts);
  const missing = release.artifacts.filter(({ digest }) => !installed.has(digest));
  return { isEndorsed, missing: [...missing, ...missingBase(release, config)] };
}

/**
 * Bytes on the disk, from here to a release on trial: `missing` unpacked among what is endorsed, and a tree of every artifact among what is
 * installed. What is staged is not counted.
 */
export function roomFor({ artifacts }: InstalledRelease, missing: readonly Artifact[]): number {
  return [...artifacts, ...missing].reduce((sum, { length }) => sum + length, 0);
}

/** Blobs of a base system that is not the one that runs. */
function missingBase({ baseSystem }: InstalledRelease, { slots }: VerifierConfig): readonly Artifact[] {
  return baseSystem?.digest === slots?.base ? [] : blobsOf(baseSystem);
}

/**
 * Writes `endorsed/<releaseDigest>/` from the staged archives. It gets its name when it is complete and safe on the disk.
 * Throws RELEASE_ARTIFACT_ALTERED naming the artifact, RELEASE_INVALID for what is no archive or not there, SEALED_FOR_OTHERS.
 */
export async function endorseRelease(
  release: InstalledRelease,
  releaseDigest: string,
  config: VerifierConfig,
  directories: VerifierDirectories,
  sealed: Sealed,
  unheard: readonly string[],
): Promise<void> {
  const { isEndorsed, missing } = await makeWay(release, releaseDigest, config, directories, unheard);
  // Who endorsed it may have been killed before its name was safe.
  if (isEndorsed) return syncDirectory(directories.endorsed);
  const final = join(directories.endorsed, releaseDigest);
  const growing = `${final}${unfinished}`;
  const blobs = join(directories.staging, "blobs");
  for (const name of ["artifacts", "base"]) await mkdir(join(growing, name), { recursive: true, mode: 0o755 });
  try {
    const ofBase = missingBase(release, config);
    for (const artifact of missing) {
      if (ofBase.some(({ digest }) => digest === artifact.digest)) {
        await takeBlob(artifact, blobs, join(growing, "base", artifact.digest));
      } else await takeArtifact(artifact, blobs, join(growing, "artifacts", artifact.digest), sealed);
    }
    for (const name of ofBase.length > 0 ? ["artifacts", "base"] : ["artifacts"]) {
      await syncDirectory(join(growing, name));
    }
    await replaceFile(join(growing, "release.json"), canonicalJson(release));
    // One that is there is damaged.
    await rm(final, { recursive: true, force: true });
    await rename(growing, final);
    await syncDirectory(directories.endorsed);
  } catch (error) {
    await rm(growing, { recursive: true, force: true });
    throw error;
  }
}

async function takeArtifact(
  artifact: Artifact,
  blobs: string,
  into: string,
  { stored, unwrap }: Sealed,
): Promise<void> {
  const as = stored.get(artifact.digest);
  const { digest: name, length } = as ?? artifact;
  const found = await withStaged(blobs, name, async (file, sizeBytes) => {
    if (sizeBytes !== length) throw altered(artifact, `has ${sizeBytes} bytes`);
    // The handle stays ours: withStaged closes it.
    const read = file.createReadStream({ autoClose: false, start: 0 });
    const archive = as === undefined ? read : unseal(read, unwrap, artifact.length);
    // What was signed is a canonical archive, so one that cannot be unpacked is not what was signed.
    return unpackTree(archive, into, artifact.length).catch((cause: unknown) => {
      if (isForOthers(cause)) throw forOthers(`${describe(artifact)} is for none of the keys that are here`, cause);
      if (!(cause instanceof BulkheadError)) throw cause;
      throw altered(artifact, `cannot be unpacked: ${cause.message}`, cause);
    });
  });
  if (found === undefined) throw notStaged(artifact);
  if (found.digest === artifact.digest && found.length === artifact.length) return;
  throw altered(artifact, `is ${found.digest}`);
}

/** A part of a base system: copied as it is, hashed on its way. */
async function takeBlob(blob: Artifact, blobs: string, into: string): Promise<void> {
  const found = await withStaged(blobs, blob.digest, async (file, sizeBytes) => {
    if (sizeBytes !== blob.length) throw altered(blob, `has ${sizeBytes} bytes`);
    const hash = createHash("sha256");
    await createFile(into, 0o644, async (copy) => {
      for await (const chunk of file.createReadStream({ autoClose: false, start: 0, end: blob.length - 1 })) {
        hash.update(chunk as Buffer);
        await copy.appendFile(chunk as Buffer);
      }
    });
    return hash.digest("hex");
  });
  if (found === undefined) throw notStaged(blob);
  if (found !== blob.digest) throw altered(blob, `is ${found}`);
}

function notStaged({ digest }: Artifact): BulkheadError {
  return new BulkheadError("RELEASE_INVALID", `the artifact ${digest} is not staged`, {
    remedy: "fetch it before asking for the installation",
  });
}

const describe = ({ digest, length }: Artifact): string => `the staged artifact ${digest} of ${length} bytes`;

function altered(artifact: Artifact, what: string, cause?: unknown): BulkheadError {
  const message = `${describe(artifact)} ${what}`;
  return new BulkheadError("RELEASE_ARTIFACT_ALTERED", message, {
    cause,
    remedy: "fetch it again; if it happens again, the management service serves altered files",
  });
}

// Looked at again each time: a damaged tree must be fetched anew, not offered to the root server for ever.
async function isWhole(
  release: InstalledRelease,
  releaseDigest: string,
  config: VerifierConfig,
  { endorsed }: VerifierDirectories,
): Promise<boolean> {
  const directory = join(endorsed, releaseDigest);
  const text = await readFile(join(directory, "release.json"), "utf8").catch(() => undefined);
  if (text === undefined || sha256(text) !== releaseDigest) return false;
  for (const { digest } of release.artifacts) {
    if (config.installedArtifacts.includes(digest)) continue;
    const found = await treeDigest(join(directory, "artifacts", digest)).catch(() => undefined);
    if (found?.digest !== digest) return false;
  }
  for (const { digest } of missingBase(release, config)) {
    if ((await digestOfFile(join(directory, "base", digest))) !== digest) return false;
  }
  return true;
}

async function digestOfFile(path: string): Promise<string | undefined> {
  const hash = createHash("sha256");
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  } catch {
    return undefined;
  }
  return hash.digest("hex");
}

/** The root server has it in a slot, and the board runs from there: some hundred megabytes that nobody needs any more. */
export async function forgetBase({ endorsed }: VerifierDirectories, releaseDigest: string): Promise<void> {
  await rm(join(endorsed, releaseDigest, "base"), { recursive: true, force: true });
}

/** What was not endorsed to its end: the plug was pulled, or its process killed. */
export const forgetUnfinished = (directories: VerifierDirectories): Promise<void> =>
  forget(directories, (name) => name.endsWith(unfinished));

async function forget({ endorsed }: VerifierDirectories, isOver: (name: string) => boolean): Promise<void> {
  const over = (await readdir(endorsed)).filter(isOver);
  for (const name of over) await rm(join(endorsed, name), { recursive: true, force: true });
}
