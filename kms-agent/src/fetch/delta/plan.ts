/**
 * What of the blobs that are missing the device has already: asks the service which blocks they have, and looks for those in the slot that runs. All of it is
 * a hint. Where there is none, or too little is found, a blob is fetched whole.
 */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { blockDigestBytes, blockIndexBytes, indexedBlockBytes } from "@bulkhead/protocol";
import { type Blob, blobPath } from "../blob-path.ts";
import { fetchFailed, getSmall, type Http, isAnswer, isTransient } from "../http.ts";
import { fetchRetry, type Retry, retry } from "../retry.ts";
import { createFinder } from "./finder.ts";
import { lookThrough, type OldBlocks } from "./old-blocks.ts";
import { countFetched, planSegments, type Segment } from "./segments.ts";

/** How one blob is put together. */
export type Delta = {
  readonly old: OldBlocks;
  /** Of each block its digest, as the service says. */
  readonly digests: Float64Array;
  /** Of each block where it was found. */
  readonly places: Uint32Array;
  readonly segments: readonly Segment[];
};

/** Below that an artifact is fetched whole and compressed in less time than the slot is looked through. */
const leastBytes = 1024 * 1024;
/** Whole it comes compressed, which saves about a third of a root: half of it has to be here. */
const leastPart = 0.5;
/** So often a service is asked for an index that answers with errors: without one a blob is fetched whole. */
const indexTries = 5;

export type PlanPorts = {
  readonly http: Http;
  readonly log: (text: string, fields?: Record<string, unknown>) => void;
  /** The parts of the running slot; none on a board without slots. */
  readonly old: OldBlocks;
};

/** By digest those of `missing` that are worth it. Throws FETCH_FAILED where it is to stop, or the service cannot be reached: that no blob is worth it was not seen then. */
export async function planDeltas(
  ports: PlanPorts,
  directory: string,
  missing: readonly Blob[],
  limits: Retry = fetchRetry,
): Promise<ReadonlyMap<string, Delta>> {
  const { http, old, log } = ports;
  const wanted: { blob: Blob; digests: Float64Array }[] = [];
  if (!(await isAnyThere(old))) return new Map();
  for (const blob of missing) {
    if (blob.length < leastBytes || (await isBegun(directory, blob))) continue;
    const digests = await fetchIndex(http, blob, limits);
    if (digests !== undefined) wanted.push({ blob, digests });
  }
  if (wanted.length === 0) return new Map();
  const finder = createFinder(joined(wanted.map(({ digests }) => digests)));
  await lookThrough(old, finder.found, http.signal);
  if (http.signal.aborted) throw fetchFailed(blobPath, "it was to stop", false);
  const deltas = new Map<string, Delta>();
  for (const { blob, digests } of wanted) {
    const places = Uint32Array.from(digests, finder.placeOf);
    const segments = planSegments(places);
    const toFetch = countFetched(segments);
    log("looked for an artifact in the slot that runs", {
      digest: blob.digest,
      bytes: blob.length,
      toFetch: toFetch * indexedBlockBytes,
    });
    if (toFetch > digests.length * (1 - leastPart)) continue;
    deltas.set(blob.digest, { old, digests, places, segments });
  }
  return deltas;
}

async function isAnyThere(old: OldBlocks): Promise<boolean> {
  for (const path of old) if (await stat(path).catch(() => undefined)) return true;
  return false;
}

/** It is here, or some of it that was fetched from its beginning on: in vain put together, it may be, and not a second time. */
async function isBegun(directory: string, { digest, length }: Blob): Promise<boolean> {
  const whole = await stat(join(directory, digest)).catch(() => undefined);
  if (whole?.size === length) return true;
  return (await stat(join(directory, `${digest}.part`)).catch(() => undefined)) !== undefined;
}

/** Undefined where the service has none, or what it has is no index of this blob. */
async function fetchIndex(http: Http, blob: Blob, limits: Retry): Promise<Float64Array | undefined> {
  const sizeBytes = blockIndexBytes(blob.length);
  if (sizeBytes === undefined) return undefined;
  const index = await askForIndex(http, `${blobPath}/${blob.digest}/index`, sizeBytes, limits);
  if (index?.length !== sizeBytes) return undefined;
  const digests = new Float64Array(sizeBytes / blockDigestBytes);
  for (let block = 0; block < digests.length; block += 1) {
    digests[block] = index.readUIntBE(block * blockDigestBytes, blockDigestBytes);
  }
  return digests;
}

/**
 * Null where it answers with something else. Throws where it cannot be reached, as with all else of a deployment: a blob that is begun whole for that stays so, and costs a
 * hundred times as much.
 */
function askForIndex(http: Http, path: string, maxBytes: number, limits: Retry): Promise<Buffer | null> {
  let answers = 0;
  const ask = async () => {
    try {
      return await getSmall(http, path, maxBytes);
    } catch (error) {
      if (http.signal.aborted) throw error;
      if (isAnswer(error)) answers += 1;
      if (!isTransient(error) || answers >= Math.min(indexTries, limits.failures)) return null;
      throw error;
    }
  };
  return retry(ask, http.signal, limits);
}

function joined(lists: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(lists.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const list of lists) {
    all.set(list, at);
    at += list.length;
  }
  return all;
}
