/**
 * What a device fetches: metadata, release files, artifacts, and what blocks those have. But for the last all of it is signed or named by a digest, so the tunnel's
 * authentication is enough here. GET and HEAD only; ranges for blobs (RFC 9110, section 14), so that a cut download goes on. What is whole goes
 * compressed to who takes that (section 12.5.3): its digest is of what comes out.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { constants, createBrotliCompress } from "node:zlib";
import { asDatabaseError } from "../database/index.ts";
import type { Kms } from "../kms.ts";
import { describeError } from "../log.ts";
import { readMetadata } from "../releases/index.ts";
import { compressOnce } from "./compressed.ts";
import { parseRange } from "./range.ts";

const routes = {
  metadata:
    /^\/device\/v1\/metadata\/([1-9][0-9]{0,8}\.(?:root|targets|snapshot|overlays-[a-z][a-z0-9-]{0,31})\.json|timestamp\.json)$/,
  /** Consistent targets: `<sha256>.<name>`. */
  target: /^\/device\/v1\/targets\/([0-9a-f]{64})\.[A-Za-z0-9._-]{1,100}$/,
  blob: /^\/device\/v1\/blobs\/([0-9a-f]{64})$/,
  blockIndex: /^\/device\/v1\/blobs\/([0-9a-f]{64})\/index$/,
} as const;

/** Answers one request. Never throws. */
export async function serveDownload(kms: Kms, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    if (request.method !== "GET" && request.method !== "HEAD") return answerError(response, 405, "only GET and HEAD");
    const path = request.url ?? "";
    const metadata = routes.metadata.exec(path)?.[1];
    if (metadata) return await sendMetadata(kms, metadata, request, response);
    const digest = (routes.target.exec(path) ?? routes.blob.exec(path))?.[1];
    if (digest) return await sendBlob(kms, digest, request, response);
    const indexed = routes.blockIndex.exec(path)?.[1];
    if (indexed) return await sendBlockIndex(kms, indexed, request, response);
    answerError(response, 404, "there is nothing of this name");
  } catch (error) {
    // 404 would tell the device that nothing is there, so a failure is never one.
    const away = asDatabaseError(error);
    kms.log("warn", "a download failed", { path: request.url, why: describeError(error) });
    if (response.headersSent) response.destroy();
    else answerError(response, away ? 503 : 500, away?.message ?? "the KMS failed");
  }
}

async function sendMetadata(kms: Kms, name: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const file = await readMetadata(kms.database, kms.scope, name);
  if (!file) return answerError(response, 404, `there is no ${name}`);
  const content = Buffer.from(file.content);
  const isCompressed = takesBrotli(request) && content.length > leastCompressedBytes;
  const body = isCompressed ? await compressed(content) : content;
  response.writeHead(200, {
    "content-type": "application/json",
    "content-length": body.length,
    ...(isCompressed && { "content-encoding": "br" }),
  });
  response.end(request.method === "HEAD" ? undefined : body);
}

async function sendBlob(kms: Kms, digest: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const lengthBytes = await kms.blobs.lengthOf(digest);
  if (lengthBytes === undefined) return answerError(response, 404, `there is no blob ${digest}`);
  if (takesBrotli(request) && lengthBytes > leastCompressedBytes) {
    const form = await kms.blobs.compressed(digest);
    if (!form) return sendCompressing(kms, digest, lengthBytes, response);
    if (form.lengthBytes > 0) {
      response.writeHead(200, { ...compressedHead, "content-length": form.lengthBytes });
      return void (await pipeline(form.read(), response));
    }
  }
  const range = parseRange(request.headers.range, lengthBytes);
  if (range === "unsatisfiable") {
    response.setHeader("content-range", `bytes */${lengthBytes}`);
    return answerError(response, 416, "the range lies outside of the blob");
  }
  const { start, end } = range ?? { start: 0, end: lengthBytes - 1 };
  response.writeHead(range ? 206 : 200, {
    "content-type": "application/octet-stream",
    "content-length": end - start + 1,
    "accept-ranges": "bytes",
    etag: `"${digest}"`,
    ...(range && { "content-range": `bytes ${start}-${end}/${lengthBytes}` }),
  });
  if (request.method === "HEAD" || lengthBytes === 0) return void response.end();
  await pipeline(kms.blobs.read(digest, { start, end }), response);
}

/** Digests do not get smaller, so it comes as it is. */
async function sendBlockIndex(
  { blobs }: Kms,
  digest: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const index = await blobs.blockIndex(digest);
  if (index === undefined) return answerError(response, 404, `there is no index of a blob ${digest}`);
  response.writeHead(200, { "content-type": "application/octet-stream", "content-length": index.length });
  response.end(request.method === "HEAD" ? undefined : index);
}

/** A component's bundle of 277 kB: 32 ms and 58 kB; with 5 it is 14 ms and 60 kB, with 11 a second and 53 kB (measured). */
const qualityOf = (lengthBytes: number): number => (lengthBytes > 4 * 1024 * 1024 ? 5 : 9);
/** What is shorter goes in one packet anyhow. */
const leastCompressedBytes = 1024;

/** Metadata is asked for by each device before each challenge, and changes with a release or once a day. */
const compressed = compressOnce();

function takesBrotli({ method, headers }: IncomingMessage): boolean {
  return method === "GET" && headers.range === undefined && /\bbr\b/.test(`${headers["accept-encoding"] ?? ""}`);
}

const compressedHead = {
  "content-type": "application/octet-stream",
  "accept-ranges": "bytes",
  "content-encoding": "br",
  vary: "accept-encoding",
};

/** Of what has no small form yet, or is too large for one: made while it is sent. */
async function sendCompressing(kms: Kms, digest: string, lengthBytes: number, response: ServerResponse): Promise<void> {
  response.writeHead(200, compressedHead);
  const compress = createBrotliCompress({ params: { [constants.BROTLI_PARAM_QUALITY]: qualityOf(lengthBytes) } });
  await pipeline(kms.blobs.read(digest, { start: 0, end: lengthBytes - 1 }), compress, response);
}

function answerError(response: ServerResponse, status: number, detail: string): void {
  response.writeHead(status, { "content-type": "application/problem+json" });
  response.end(JSON.stringify({ type: "about:blank", status, detail }));
}
