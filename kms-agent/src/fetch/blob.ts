/**
 * Fetches one artifact, going on where an earlier try ended (RFC 9110, section 14: range requests). Its digest is looked
 * at here only so that a damaged part is fetched again instead of being refused later; the verifier looks for itself.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { rename, rm, stat } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { dirname, join } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";
import { explainFull, syncDirectory, withFile } from "../durable-file.ts";
import { type Blob, blobPath } from "./blob-path.ts";
import { compose } from "./delta/compose.ts";
import type { Delta } from "./delta/plan.ts";
import { bodyOf, fetchFailed, type Http, openGet, unexpectedStatus } from "./http.ts";
import { fetchRetry, type Retry, retryGrowing } from "./retry.ts";

/**
 * Makes `<directory>/<digest>` hold the artifact. Throws RELEASE_ARTIFACT_ALTERED where the KMS has other bytes under
 * this digest, FETCH_FAILED, FETCH_TOO_LARGE or STORAGE_FULL. `delta`: how it may be put together of what is here; where that comes to something
 * else, all of it is fetched.
 */
export async function fetchBlob(
  http: Http,
  directory: string,
  blob: Blob,
  limits: Retry = fetchRetry,
  delta?: Delta,
): Promise<void> {
  const file = join(directory, blob.digest);
  if ((await sizeOf(file)) === blob.length && (await digestOf(file)) === blob.digest) return;
  const composed = `${file}.composed`;
  if (delta && (await compose(http, composed, blob, delta, limits)) && (await digestOf(composed)) === blob.digest) {
    return settle(composed, file);
  }
  await rm(composed, { force: true });
  const part = `${file}.part`;
  const hadPart = (await sizeOf(part)) > 0;
  await completePart(http, part, blob, limits);
  // A part from before a power cut may be torn; bytes that were all fetched now are what the KMS has.
  if (hadPart && (await digestOf(part)) !== blob.digest) {
    await rm(part);
    await completePart(http, part, blob, limits);
  }
  if ((await digestOf(part)) !== blob.digest) {
    await rm(part);
    throw new BulkheadError("RELEASE_ARTIFACT_ALTERED", `artifact ${blob.digest} does not have its digest at the KMS`);
  }
  await settle(part, file);
}

async function settle(part: string, file: string): Promise<void> {
  await withFile(part, "r+", (handle) => handle.sync());
  await rename(part, file);
  await syncDirectory(dirname(file));
}

/** What a blob may lie under in the directory before it is whole. */
export const begunNames = (digest: string): string[] => [`${digest}.part`, `${digest}.composed`];

async function completePart(http: Http, part: string, blob: Blob, limits: Retry): Promise<void> {
  const goOn = async () => {
    const size = await sizeOf(part);
    if (size > blob.length) await rm(part);
    if (size === blob.length) return;
    await fetchRest(http, part, blob, size > blob.length ? 0 : size);
  };
  await retryGrowing(http, () => sizeOf(part), goOn, limits);
}

/** Appends what comes after byte `from` to the part. What was written stays, whatever happens. */
async function fetchRest(http: Http, part: string, blob: Blob, from: number): Promise<void> {
  const path = `${blobPath}/${blob.digest}`;
  const answer = await openGet(http, path, { from });
  try {
    const start = startOf(answer, path, from);
    await explainFull(part, () =>
      withFile(part, start === 0 ? "w" : "a", async (handle) => {
        let length = start;
        for await (const chunk of bodyOf(answer, path, blob.length)) {
          length += chunk.length;
          if (length > blob.length)
            throw new BulkheadError("FETCH_TOO_LARGE", `${path} has more than the signed ${blob.length} bytes`);
          await handle.appendFile(chunk);
        }
        if (length < blob.length) throw fetchFailed(path, `it ended after ${length} of ${blob.length} bytes`, true);
      }),
    );
  } finally {
    answer.destroy();
  }
}

/** Where the answer begins: a server may ignore the range and send all (RFC 9110, section 14.2). */
function startOf(answer: IncomingMessage, path: string, from: number): number {
  if (answer.statusCode === 200) return 0;
  if (answer.statusCode !== 206) throw unexpectedStatus(path, answer);
  if (answer.headers["content-range"]?.startsWith(`bytes ${from}-`)) return from;
  throw fetchFailed(path, "it answered with another range than was asked for", false);
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

async function sizeOf(file: string): Promise<number> {
  const status = await stat(file).catch(() => undefined);
  return status?.isFile() ? status.size : 0;
}
