/** The ceremonies in one step, where enough keys are in one place: first root, next root, a release, a refresh. */
import { BulkheadError, type OnlyFor, type Release, releaseTargetName, sha256 } from "@bulkhead/protocol";
import type { KeyRing } from "../keys/key-ring.ts";
import { publishRequest, signWithRing } from "./ceremony.ts";
import { prepareFirstRoot, prepareNextRoot, prepareTargets, type TargetsPreparation } from "./prepare.ts";
import { readRelease } from "./release-file.ts";
import { type SigningRequest, standingOf } from "./request.ts";
import type { OnlineKeys, RootChange } from "./root.ts";

export type SignedRoot = { readonly file: string; readonly version: number };
type Options = { readonly nowMs?: number; readonly targetsThreshold?: number };

export type SignOptions = {
  readonly keys: KeyRing;
  /** The project's TUF repository, with its root (`initRepository`). */
  readonly repoDir: string;
  /** What `buildRelease` wrote. */
  readonly releaseDir: string;
  /** Who will be able to read it; undefined: everybody who has its files. */
  readonly recipients?: readonly string[] | undefined;
  /** Which devices may take it; null: any of its board; undefined: as the one before it. */
  readonly onlyFor?: OnlyFor | null | undefined;
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
 * Writes `1.root.json` of a new repository. Throws USAGE where there is a root already, KEYS_INVALID, KEY_WEAK; also where
 * not all of the three root keys, or their public halves, are there: the first root names them all.
 */
export async function initRepository(
  keys: KeyRing,
  repoDir: string,
  online: OnlineKeys,
  { nowMs, targetsThreshold = 1 }: Options = {},
): Promise<SignedRoot> {
  return finish(await prepareFirst(keys, repoDir, online, targetsThreshold, nowMs), keys, repoDir);
}

/** The request for the first root that names the keys of a ring. Throws as initRepository does. */
export function prepareFirst(
  ring: KeyRing,
  repoDir: string,
  online: OnlineKeys,
  targetsThreshold: number,
  nowMs?: number,
): Promise<SigningRequest> {
  const named = (role: "root" | "targets") =>
    ring.keys.filter((key) => key.role === role).map(({ publicKey }) => publicKey);
  const rootKeys = named("root");
  if (rootKeys.length < 3) {
    throw new BulkheadError("KEYS_INVALID", `there are ${rootKeys.length} root keys, and a first root names three`, {
      remedy: "bring all of them together once, or their public halves: bulkhead keys public",
    });
  }
  const development = ring.keys.some(({ kept }) => kept.as === "development");
  const content = { rootKeys, targetsKeys: named("targets"), targetsThreshold, online, development };
  return prepareFirstRoot(repoDir, content, nowMs);
}

/** Signs the next root, with all that changes. Throws KEYS_INVALID, KEY_WEAK, SIGNING_REQUEST_INVALID. */
export async function rotateRoot(
  keys: KeyRing,
  repoDir: string,
  change: RootChange,
  { nowMs }: Options = {},
): Promise<SignedRoot> {
  return finish(await prepareNextRoot(repoDir, change, nowMs), keys, repoDir);
}

/**
 * Writes `targets/<digest>.<target>` and the next `<version>.targets.json` to the repository. Throws RELEASE_INVALID,
 * KEYS_INVALID (also where the root does not name the targets key), RELEASE_ROLLBACK where the counter is signed already
 * for another content.
 */
export async function signRelease(options: SignOptions): Promise<SignedRelease> {
  const { keys, repoDir, releaseDir, recipients, onlyFor, nowMs } = options;
  const { release, text } = await readRelease(releaseDir);
  const signed = await signTargets(keys, repoDir, { releaseDir, recipients, onlyFor }, nowMs);
  return {
    target: releaseTargetName(release),
    releaseDigest: sha256(text),
    release,
    targetsFile: signed.file,
    targetsVersion: signed.version,
  };
}

/** Signs the next targets: with a change, or only for longer. Throws as signRelease does. */
export async function signTargets(
  keys: KeyRing,
  repoDir: string,
  change: TargetsPreparation,
  nowMs?: number,
): Promise<SignedRoot> {
  return finish(await prepareTargets(repoDir, { ring: keys, ...change }, nowMs), keys, repoDir);
}

/** Signs a request with the keys of a ring and writes it into the repository. Throws KEYS_INVALID where they are too few. */
export async function finish(request: SigningRequest, keys: KeyRing, repoDir: string): Promise<SignedRoot> {
  const signed = await signWithRing(request, keys);
  const { authorities, complete } = standingOf(signed);
  if (complete) return publishRequest(signed, repoDir);
  const missing = authorities.map(
    ({ title, threshold, missing: count }) => `${threshold - count} of ${threshold} by ${title}`,
  );
  throw new BulkheadError("KEYS_INVALID", `these keys are too few: ${missing.join(", ")}`, {
    remedy: "bring more keys together, or --prepare a request and carry it to where they are",
  });
}
