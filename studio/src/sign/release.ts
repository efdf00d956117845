/** Signs a release: adds it to the project's TUF targets, which is what makes devices accept it. */
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  BulkheadError,
  canonicalJson,
  type Release,
  releaseSchema,
  releaseTargetName,
  sha256,
} from "@bulkhead/protocol";
import { Metadata, MetadataKind, type Root, TargetFile, Targets } from "@tufjs/models";
import { readTargetsKey } from "../keys/key-set.ts";
import {
  expiresIn,
  readNewest,
  signMetadata,
  specVersion,
  tufKey,
  writeAtomically,
  writeMetadata,
} from "./metadata.ts";

const targetsDays = 180;
/** Releases that stay signed. Older ones leave the list: a device that needs one is to be updated, not served. */
const keptTargets = 64;

export type SignOptions = {
  readonly keysDir: string;
  /** The project's TUF repository, with its root (`initRepository`). */
  readonly repoDir: string;
  /** What `buildRelease` wrote. */
  readonly releaseDir: string;
  /** Default: the present. */
  readonly nowMs?: number;
};

export type SignedRelease = {
  /** Name of the TUF target: `greenhouse-2.json`. */
  readonly target: string;
  readonly releaseDigest: string;
  readonly release: Release;
  /** The new `<version>.targets.json`. */
  readonly targetsFile: string;
  readonly targetsVersion: number;
};

/**
 * Writes `targets/<digest>.<target>` and the next `<version>.targets.json` to the repository. Throws RELEASE_INVALID,
 * KEYS_INVALID (also where the root does not name the targets key), RELEASE_ROLLBACK where the counter is signed already
 * for another content.
 */
export async function signRelease(options: SignOptions): Promise<SignedRelease> {
  const { release, text } = await readRelease(options.releaseDir);
  const key = await readTargetsKey(options.keysDir);
  await checkRoot(options.repoDir, key.publicKey);
  const target = releaseTargetName(release);
  const releaseDigest = sha256(text);
  const old = await readNewest<Targets>(options.repoDir, MetadataKind.Targets);
  const before = old?.signed.targets ?? {};
  checkCounter(before[target], target, releaseDigest);
  const file = new TargetFile({
    path: target,
    length: Buffer.byteLength(text),
    hashes: { sha256: releaseDigest },
    unrecognizedFields: { custom: { releaseCounter: release.releaseCounter } },
  });
  const version = (old?.signed.version ?? 0) + 1;
  const targets = Object.fromEntries([...Object.entries(before), [target, file]].slice(-keptTargets));
  const expires = expiresIn(targetsDays, options.nowMs ?? Date.now());
  const metadata = new Metadata(new Targets({ version, specVersion, expires, targets }));
  signMetadata(metadata, [key]);
  await mkdir(join(options.repoDir, "targets"), { recursive: true });
  await writeAtomically(join(options.repoDir, "targets", `${releaseDigest}.${target}`), text);
  const targetsFile = await writeMetadata(options.repoDir, metadata);
  return { target, releaseDigest, release, targetsFile, targetsVersion: version };
}

/** Reads what `buildRelease` wrote. Throws FILE_UNREADABLE, RELEASE_INVALID. */
export async function readRelease(directory: string): Promise<{ release: Release; text: string }> {
  const file = join(directory, "release.json");
  const text = await readFile(file, "utf8").catch((cause) => {
    throw new BulkheadError("FILE_UNREADABLE", `${file} cannot be read`, {
      cause,
      remedy: "run `bulkhead build` first",
    });
  });
  const remedy = "build it again; it is signed exactly as it was built";
  try {
    const release = releaseSchema.parse(JSON.parse(text));
    if (canonicalJson(release) === text) return { release, text };
  } catch (cause) {
    throw new BulkheadError("RELEASE_INVALID", `${file} is not a release`, { cause, remedy });
  }
  throw new BulkheadError("RELEASE_INVALID", `${file} is not in canonical form`, { remedy });
}

async function checkRoot(repoDir: string, targetsKey: string): Promise<void> {
  await mkdir(repoDir, { recursive: true });
  const root = await readNewest<Root>(repoDir, MetadataKind.Root);
  if (root === undefined) {
    throw new BulkheadError("USAGE", `${repoDir} has no root`, { remedy: "sign one first: `bulkhead keys root`" });
  }
  if (root.signed.roles["targets"]?.keyIDs.includes(tufKey(targetsKey).keyID)) return;
  const remedy = "use the keys that the root names, or sign the next root with these";
  throw new BulkheadError("KEYS_INVALID", `the root of ${repoDir} does not name this targets key`, { remedy });
}

// A counter means one content for ever: devices remember what they committed by it.
function checkCounter(before: TargetFile | undefined, target: string, digest: string): void {
  if (before === undefined || before.hashes["sha256"] === digest) return;
  const message = `${target} is signed already, with another content`;
  throw new BulkheadError("RELEASE_ROLLBACK", message, { remedy: "build with a higher --counter" });
}
