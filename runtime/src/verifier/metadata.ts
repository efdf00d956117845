/**
 * Judges staged metadata by the TUF client workflow (TUF 1.0.34, section 5). tuf-js does the judging; around it are what
 * it lacks: storage that a power cut cannot break, a clock with a floor, files in place of a network, keys held to a rule.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  BulkheadError,
  maxRoots,
  type OnlyFor,
  type OverlayName,
  onlyForOf,
  opensToOf,
  rollbackFromOf,
} from "@bulkhead/protocol";
import type { TargetFile } from "@tufjs/models";
import { type Fetcher, Updater } from "tuf-js";
import { DownloadHTTPError } from "tuf-js/dist/error.js";
import type { FloorClock } from "./clock-floor.ts";
import { metadataError } from "./metadata-error.ts";
import type { MetadataStore } from "./metadata-store.ts";
import { findOverlay, type SignedOverlay } from "./overlay-target.ts";
import { readStaged } from "./staged-file.ts";
import { checkDelegations, checkRootKeys } from "./trusted-keys.ts";

/** What the signed targets say about one target. */
export type SignedTarget = {
  readonly lengthBytes: number;
  readonly sha256: string;
  readonly releaseCounter: number | undefined;
  /** Of an encrypted release: the digest of what it opens to. */
  readonly opensTo: string | undefined;
  /** Its rollback statement: the highest committed counter from which devices may go back to it. */
  readonly rollbackFrom: number | undefined;
  /** Which devices may take it; undefined: any of its board. */
  readonly onlyFor: OnlyFor | undefined;
  /** When the signature of the targets ends. */
  readonly expiresMs: number;
};

/** What the metadata says; undefined where the signed targets do not name the target, or no overlay was asked for. */
export type Signed = { readonly target: SignedTarget | undefined; readonly overlay: SignedOverlay | undefined };

/**
 * Takes the staged metadata as far as it is valid and newer, and returns what it says about a target, and an overlay, as they were asked for. Throws
 * RELEASE_METADATA_INVALID, RELEASE_METADATA_EXPIRED, RELEASE_SIGNATURE_INVALID, RELEASE_ROLLBACK, KEY_WEAK, and for the
 * overlay OVERLAY_SIGNATURE_INVALID; the trusted metadata is as before then.
 */
export async function refreshMetadata(
  store: MetadataStore,
  stagedDirectory: string,
  clock: FloorClock,
  asked: { readonly target?: string; readonly overlay?: OverlayName | undefined } = {},
): Promise<Signed> {
  try {
    const metadataDir = await store.begin();
    const updater = new Updater({
      metadataDir,
      metadataBaseUrl: "staged:///",
      fetcher: stagedFetcher(stagedDirectory),
      config: { maxRootRotations: maxRoots },
    });
    setReferenceTime(updater, clock.now());
    await updater.refresh();
    checkRootKeys(await readFile(join(metadataDir, "root.json"), "utf8"));
    const targetsJson = await readFile(join(metadataDir, "targets.json"), "utf8");
    // Before any of them is followed.
    checkDelegations(targetsJson);
    const { expires, targets } = JSON.parse(targetsJson).signed;
    // The client would look for it in what is passed on as well, and nobody but the targets keys may sign a release.
    const isSigned = asked.target !== undefined && Object.hasOwn(targets, asked.target);
    const info = isSigned ? await updater.getTargetInfo(asked.target) : undefined;
    const follow = (name: string) => updater.getTargetInfo(name);
    const looked = await Promise.allSettled([asked.overlay && findOverlay(asked.overlay, metadataDir, follow)]);
    // Also where there is no such overlay, or no longer, or the target says what it cannot: what said so is remembered, so that nobody brings back the list before.
    await store.commit();
    const [overlay] = looked;
    if (overlay.status === "rejected") throw overlay.reason;
    return { target: info && signedTarget(info, String(expires)), overlay: overlay.value };
  } catch (error) {
    throw metadataError(error);
  }
}

function signedTarget(info: TargetFile, expires: string): SignedTarget {
  const counter = info.custom["releaseCounter"];
  const custom = info.unrecognizedFields["custom"];
  return {
    lengthBytes: info.length,
    sha256: info.hashes["sha256"] ?? "",
    releaseCounter: typeof counter === "number" ? counter : undefined,
    opensTo: opensToOf(custom, info.path),
    rollbackFrom: rollbackFromOf(custom, info.path),
    onlyFor: onlyForOf(custom, info.path),
    expiresMs: Date.parse(expires),
  };
}

// Only a missing file means "there is nothing newer"; everything else ends the refresh.
function stagedFetcher(directory: string): Fetcher {
  return {
    async downloadBytes(url, maxLength) {
      const name = new URL(url).pathname.slice(1);
      if (!/^[A-Za-z0-9.%_-]+$/.test(name)) throw new DownloadHTTPError("no such file", 404);
      const content = await readStaged(directory, name, maxLength);
      if (content === undefined) throw new DownloadHTTPError(`${name} is not staged`, 404);
      return content;
    },
    downloadFile() {
      throw new BulkheadError("INTERNAL", "artifacts do not come by way of the TUF client");
    },
  };
}

// tuf-js 5.0.1 takes `new Date()` once, in the constructor of its store, and offers no other way to give it a clock.
// Patching the global Date would change it for everything in the process; this changes the one value that is meant.
function setReferenceTime(updater: Updater, nowMs: number): void {
  const { trustedSet } = updater as unknown as { trustedSet: { referenceTime: unknown } };
  if (!(trustedSet.referenceTime instanceof Date)) {
    throw new BulkheadError("INTERNAL", "this version of tuf-js keeps its clock elsewhere, so expiry cannot be judged");
  }
  trustedSet.referenceTime = new Date(nowMs);
}
