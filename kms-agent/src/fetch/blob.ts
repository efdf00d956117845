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
  const [part, composed] = [partOf(file), composedOf(file)];
  if (delta && (await compose(http, composed, blob, delta, limits)) && (await digestOf(composed)) === blob.digest) {
    return settle(composed, file);
  }
  const hadPart = (await sizeOf(part)) > 0;
  await completePart(http, file, blob, limits);
  // A part from before a power cut may be torn; bytes that were all fetched now are what the KMS has.
  if (hadPart && (await digestOf(part)) !== blob.digest) {
    await rm(part);
    await completePart(http, file, blob, limits);
  }
  if ((await digestOf(part)) !== blob.digest) {
    await rm(part);
    throw new BulkheadError("RELEASE_ARTIFACT_ALTERED", `artifact ${blob.digest} does not have its digest at the KMS`);
  }
  await rm(composed, { force: true });
  await settle(part, file);
}

const partOf = (file: string): string => `${file}.part`;
const composedOf = (file: string): string => `${file}.composed`;

async function settle(part: string, file: string): Promise<void> {
  await withFile(part, "r+", (handle) => handle.sync());
  await rename(part, file);
  await syncDirectory(dirname(file));
}

/** What a blob may lie under in the directory before it is whole. */
export const begunNames = (digest: string): string[] => [partOf(digest), composedOf(digest)];

async function completePart(http: Http, file: string, blob: Blob, limits: Retry): Promise<void> {
  const part = partOf(file);
  const goOn = async () => {
    const size = await sizeOf(part);
    if (size > blob.length) await rm(part);
    if (size === blob.length) return;
    await fetchRest(http, file, blob, size > blob.length ? 0 : size);
  };
  await retryGrowing(http, () => sizeOf(part), goOn, limits);
}

/**
 * Appends what comes after byte `from` to the part. What was written stays, whatever happens. With the first bytes, and not before, what was put together of the blob gives
 * way to them: a part is there to stay.
 */
async function fetchRest(http: Http, file: string, blob: Blob, from: number): Promise<void> {
  const path = `${blobPath}/${blob.digest}`;
  const answer = await openGet(http, path, { from });
  try {
    const start = startOf(answer, path, from);
    const body = bodyOf(answer, path, blob.length);
    const first = await body.next();
    if (first.done) throw endedEarly(path, start, blob);
    await rm(composedOf(file), { force: true });
    await explainFull(partOf(file), () =>
      withFile(partOf(file), start === 0 ? "w" : "a", async (handle) => {
        let length = start;
        for (let next: IteratorResult<Buffer> = first; !next.done; next = await body.next()) {
          length += next.value.length;
          if (length > blob.length)
            throw new BulkheadError("FETCH_TOO_LARGE", `${path} has more than the signed ${blob.length} bytes`);
          await handle.appendFile(next.value);
        }
        if (length < blob.length) throw endedEarly(path, length, blob);
      }),
    );
  } finally {
    answer.destroy();
  }
}

const endedEarly = (path: string, bytes: number, { length }: Blob) =>
  fetchFailed(path, `it ended after ${bytes} of ${length} bytes`, true);

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
