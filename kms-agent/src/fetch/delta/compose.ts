/**
 * Puts a blob together from its first block to its last, of what the device has and of ranges: how long the file is says where to go on after a cut, as with one
 * that is fetched whole. Whether it is the blob, its digest says, which is looked at afterwards.
 */
import { type FileHandle, open } from "node:fs/promises";
import { BulkheadError, blockDigest, indexedBlockBytes } from "@bulkhead/protocol";
import { explainFull } from "../../durable-file.ts";
import { type Blob, blobPath } from "../blob-path.ts";
import { bodyOf, fetchFailed, type Http, isTransient, openGet, unexpectedStatus } from "../http.ts";
import { type Retry, retryGrowing } from "../retry.ts";
import { type OldReader, openOld } from "./old-blocks.ts";
import type { Delta } from "./plan.ts";

type Work = {
  readonly http: Http;
  readonly file: FileHandle;
  readonly path: string;
  readonly delta: Delta;
  readonly old: OldReader;
};

/**
 * Makes `file` as long as the blob. False where it cannot be put together, and is to be fetched whole. Throws STORAGE_FULL, and FETCH_FAILED where the KMS cannot be
 * reached or it is to stop; what there is stays then.
 */
export async function compose(http: Http, file: string, blob: Blob, delta: Delta, limits: Retry): Promise<boolean> {
  const handle = await open(file, "a+", 0o644);
  const old = openOld(delta.old);
  try {
    await cutTorn(handle, delta);
    const work = { http, file: handle, path: `${blobPath}/${blob.digest}`, delta, old };
    const sizeOfFile = async () => (await handle.stat()).size;
    await explainFull(file, () => retryGrowing(http, sizeOfFile, () => goOn(work), limits));
    return true;
  } catch (error) {
    const isWorthMore = isTransient(error) || http.signal.aborted;
    if (isWorthMore || (error instanceof BulkheadError && error.code === "STORAGE_FULL")) throw error;
    if (error instanceof BulkheadError) return false;
    throw error;
  } finally {
    await old.close();
    await handle.close();
  }
}

/** A part from before a power cut may be torn: from the first block on that is not what the index says it is begun again. */
async function cutTorn(file: FileHandle, { digests }: Delta): Promise<void> {
  const block = Buffer.alloc(indexedBlockBytes);
  let blocks = 0;
  for (; blocks < digests.length; blocks += 1) {
    const { bytesRead } = await file.read(block, 0, block.length, blocks * indexedBlockBytes);
    if (bytesRead < block.length || blockDigest(block) !== digests[blocks]) break;
  }
  await file.truncate(blocks * indexedBlockBytes);
}

async function goOn(work: Work): Promise<void> {
  const at = Math.floor((await work.file.stat()).size / indexedBlockBytes);
  await work.file.truncate(at * indexedBlockBytes);
  for (const { first, end, isHere } of work.delta.segments) {
    if (end <= at) continue;
    const rest = { first: Math.max(first, at), end };
    await (isHere ? copy(work, rest) : fetchBlocks(work, rest));
  }
}

type Blocks = { readonly first: number; readonly end: number };

async function copy({ http, file, path, delta, old }: Work, { first, end }: Blocks): Promise<void> {
  for await (const bytes of old.read(delta.places.subarray(first, end))) {
    if (http.signal.aborted) throw fetchFailed(path, "it was to stop", false);
    await file.appendFile(bytes);
  }
}

async function fetchBlocks({ http, file, path }: Work, { first, end }: Blocks): Promise<void> {
  const [from, wantedBytes] = [first * indexedBlockBytes, (end - first) * indexedBlockBytes];
  const answer = await openGet(http, path, { from, to: from + wantedBytes - 1 });
  try {
    if (answer.statusCode !== 206) throw unexpectedStatus(path, answer);
    if (!answer.headers["content-range"]?.startsWith(`bytes ${from}-`)) {
      throw fetchFailed(path, "it answered with another range than was asked for", false);
    }
    let length = 0;
    for await (const chunk of bodyOf(answer, path, wantedBytes)) {
      length += chunk.length;
      if (length > wantedBytes) throw new BulkheadError("FETCH_TOO_LARGE", `${path} has more than was asked for`);
      await file.appendFile(chunk);
    }
    if (length < wantedBytes) throw fetchFailed(path, `it ended after ${length} of ${wantedBytes} bytes`, true);
  } finally {
    answer.destroy();
  }
}
