/**
 * HTTP GET over the tunnel, with a bound for everything: what the KMS sends is not trusted, and a connection that stands
 * still ends. Plain HTTP, for the tunnel encrypts, and what is fetched is judged by signature and digest.
 */
import { Agent, type IncomingMessage, request } from "node:http";
import { pipeline } from "node:stream";
import { createBrotliDecompress } from "node:zlib";
import { BulkheadError } from "@bulkhead/protocol";
import { holdToPace, type Pace } from "./pace.ts";

export type Http = {
  /** `[address]:port` of the KMS. */
  authority: string;
  /** Longest silence on a connection. */
  stallMs: number;
  /** Ends everything under way. */
  signal: AbortSignal;
  /** Default: `slowestPace`. Only tests are in a hurry. */
  pace?: Pace;
  /** Keeps the connection for the next GET; without, each has one of its own. */
  connections?: Agent;
};

/** Runs `work` with one connection for all its GETs, one after the other: beginning and ending one costs half a kilobyte in the tunnel. */
export async function withOneConnection<T>(http: Http, work: (http: Http) => Promise<T>): Promise<T> {
  const connections = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    return await work({ ...http, connections });
  } finally {
    connections.destroy();
  }
}

/** Fetching may succeed later where `isTransient`: no connection, or one that ended early. `status`: what was answered in place of the file. */
export function fetchFailed(
  path: string,
  what: string,
  isTransient: boolean,
  { cause, status }: { readonly cause?: unknown; readonly status?: number } = {},
): BulkheadError {
  return new BulkheadError("FETCH_FAILED", `fetching ${path} from the KMS failed: ${what}`, {
    ...(cause !== undefined && { cause }),
    data: { isTransient, ...(status !== undefined && { status }) },
  });
}

/** True for an error of `fetchFailed` after which another try makes sense. */
export function isTransient(error: unknown): boolean {
  return error instanceof BulkheadError && error.data?.["isTransient"] === true;
}

/** True for an error of `fetchFailed` that is the KMS's answer, which so can be reached. */
export function isAnswer(error: unknown): boolean {
  return error instanceof BulkheadError && error.data?.["status"] !== undefined;
}

/** Bytes of a file: from one on, to another with it; without `to` to its end. */
export type Range = { readonly from: number; readonly to?: number };

/**
 * Starts a GET of `path`, or of a range of it; resolves with the answer's head. The caller reads or destroys the answer. What is fetched from its
 * beginning may come compressed (RFC 9110, section 12.5.3; RFC 7932); a part does not, for a range would be one of the compressed bytes.
 */
export function openGet(http: Http, path: string, { from, to }: Range = { from: 0 }): Promise<IncomingMessage> {
  const isPart = from > 0 || to !== undefined;
  return new Promise((resolve, reject) => {
    const asked = request(`http://${http.authority}${path}`, {
      agent: http.connections ?? false,
      signal: http.signal,
      timeout: http.stallMs,
      headers: { "accept-encoding": isPart ? "identity" : "br", ...(isPart && { range: `bytes=${from}-${to ?? ""}` }) },
    });
    asked.on("timeout", () => asked.destroy(new Error(`nothing came for ${http.stallMs} ms`)));
    asked.on("error", (cause) => reject(fetchFailed(path, cause.message, !http.signal.aborted, { cause })));
    asked.on("response", resolve);
    // An answer that switches protocols (101) is neither a response nor an error.
    asked.on("close", () => reject(fetchFailed(path, "the connection ended without an answer", !http.signal.aborted)));
    holdToPace(asked, http.pace);
    asked.end();
  });
}

/** What a KMS says beside a status. */
const maxProblemBytes = 4096;

/** Gets a small file whole. Answers null where there is none (404); throws FETCH_TOO_LARGE beyond `maxBytes`. */
export async function getSmall(http: Http, path: string, maxBytes: number): Promise<Buffer | null> {
  const answer = await openGet(http, path);
  try {
    if (answer.statusCode === 404) {
      // To its end, so that the connection is free for the next.
      await readBounded(answer, path, Math.max(maxBytes, maxProblemBytes));
      return null;
    }
    if (answer.statusCode !== 200) throw unexpectedStatus(path, answer);
    return await readBounded(answer, path, maxBytes);
  } finally {
    answer.destroy();
  }
}

/** A server that is overloaded or restarts may answer otherwise later. */
export function unexpectedStatus(path: string, answer: IncomingMessage): BulkheadError {
  const status = answer.statusCode ?? 0;
  return fetchFailed(path, `it answered with status ${status}`, status >= 500, { status });
}

async function readBounded(answer: IncomingMessage, path: string, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of bodyOf(answer, path, maxBytes)) {
    length += chunk.length;
    if (length > maxBytes) throw new BulkheadError("FETCH_TOO_LARGE", `${path} has more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Brotli makes what cannot be made shorter longer by some bytes for each MiB. */
const slackBytes = 64 * 1024;

/**
 * The body of an answer as it was before it was compressed; one that ends early is FETCH_FAILED (transient). No more is read for it than
 * `maxBytes` could need: compressed bytes without end may say nothing. That it says too much, the caller sees.
 */
export async function* bodyOf(answer: IncomingMessage, path: string, maxBytes: number): AsyncGenerator<Buffer> {
  const encoding = answer.headers["content-encoding"];
  if (encoding !== undefined && encoding !== "br") throw fetchFailed(path, `it comes as ${encoding}`, false);
  try {
    if (encoding === undefined) yield* answer;
    else yield* pipeline(bounded(answer, path, maxBytes + slackBytes), createBrotliDecompress(), () => undefined);
  } catch (cause) {
    if (cause instanceof BulkheadError) throw cause;
    throw fetchFailed(path, `the answer ended early (${(cause as Error).message})`, true, { cause });
  }
}

async function* bounded(answer: IncomingMessage, path: string, maxBytes: number): AsyncGenerator<Buffer> {
  let length = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxBytes) throw new BulkheadError("FETCH_TOO_LARGE", `${path} has more than ${maxBytes} bytes`);
    yield chunk;
  }
}
