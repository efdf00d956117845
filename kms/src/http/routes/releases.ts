/** /api/v1/releases and /api/v1/blobs: uploads. Blobs first, then the signed metadata that names them. */

import { Readable } from "node:stream";
import { isDeepStrictEqual } from "node:util";
import { BulkheadError, digestSchema, paperKinds } from "@bulkhead/protocol";
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import {
  blobAnswerSchema,
  metadataAnswerSchema,
  overlayListSchema,
  paperSchema,
  releaseListSchema,
  uploadAnswerSchema,
  uploadRequestSchema,
} from "../../api/index.ts";
import type { Kms } from "../../kms.ts";
import { getPaper, getRelease, listOverlays, listReleases, readMetadata, uploadRelease } from "../../releases/index.ts";
import { answers, jsonBody } from "./answers.ts";

const blobParams = z.object({ digest: digestSchema });
const metadataParams = z.object({
  name: z.string().regex(/^([1-9]\d{0,8}\.[a-z][a-z0-9-]{0,40}|timestamp)\.json$/, "no name of a metadata file"),
});

export const releaseRoutes = {
  list: createRoute({
    method: "get",
    path: "/api/v1/releases",
    operationId: "listReleases",
    tags: ["releases"],
    summary: "What has been uploaded, newest first",
    responses: answers(releaseListSchema, "The releases"),
  }),
  upload: createRoute({
    method: "post",
    path: "/api/v1/releases",
    operationId: "uploadRelease",
    tags: ["releases"],
    summary: "Publish offline-signed TUF metadata; every file that it names must be here as a blob",
    request: jsonBody(uploadRequestSchema),
    responses: answers(uploadAnswerSchema, "What was added"),
  }),
  paper: createRoute({
    method: "get",
    path: "/api/v1/releases/{digest}/papers/{kind}",
    operationId: "getPaper",
    tags: ["releases"],
    summary: "What a release is made of, or how it was built, as it was signed beside it",
    request: { params: z.object({ digest: digestSchema, kind: z.enum(paperKinds) }) },
    responses: answers(paperSchema, "The paper"),
  }),
  overlays: createRoute({
    method: "get",
    path: "/api/v1/overlays",
    operationId: "listOverlays",
    tags: ["releases"],
    summary: "The overlays that are signed, newest first; a deploy command puts one on its release",
    responses: answers(overlayListSchema, "The overlays"),
  }),
  blob: createRoute({
    method: "get",
    path: "/api/v1/blobs/{digest}",
    operationId: "getBlob",
    tags: ["releases"],
    summary: "Whether a blob is here",
    request: { params: blobParams },
    responses: answers(blobAnswerSchema, "The blob's length"),
  }),
  metadata: createRoute({
    method: "get",
    path: "/api/v1/metadata/{name}",
    operationId: "getMetadata",
    tags: ["releases"],
    summary: "A file of the TUF repository, as devices get it: for who carries it to them by hand",
    request: { params: metadataParams },
    responses: answers(metadataAnswerSchema, "The file"),
  }),
  content: createRoute({
    method: "get",
    path: "/api/v1/blobs/{digest}/content",
    operationId: "getBlobContent",
    tags: ["releases"],
    summary: "The bytes of a blob",
    request: { params: blobParams },
    responses: {
      200: {
        description: "The file itself",
        content: { "application/octet-stream": { schema: z.string().openapi({ format: "binary" }) } },
      },
    },
  }),
  putBlob: createRoute({
    method: "put",
    path: "/api/v1/blobs/{digest}",
    operationId: "putBlob",
    tags: ["releases"],
    summary: "Store a file under its SHA-256: a release file, or the uncompressed tar of an artifact",
    description: "The body is the file itself, application/octet-stream, at most 512 MiB.",
    request: { params: blobParams },
    responses: answers(blobAnswerSchema, "The blob's length"),
  }),
};

export function serveReleases(app: OpenAPIHono, kms: Kms): void {
  const { database, scope, blobs, instance } = kms;
  app.openapi(releaseRoutes.list, async (context) => {
    return context.json({ releases: await listReleases(database, scope) }, 200);
  });
  app.openapi(releaseRoutes.overlays, async (context) => {
    return context.json({ overlays: await listOverlays(database, scope) }, 200);
  });
  app.openapi(releaseRoutes.upload, async (context) => {
    const verify = kms.config.uploads === "verified";
    const before = await listReleases(database, scope);
    const answer = await uploadRelease(database, scope, context.req.valid("json"), { blobs, instance, verify });
    // Those that came, and those of which the targets say something else now: withdrawn, or the way back.
    for (const release of await listReleases(database, scope)) {
      const was = before.find(({ digest }) => digest === release.digest);
      if (!isDeepStrictEqual(was, release)) kms.events.publish({ type: "release", release });
    }
    return context.json(answer, 200);
  });
  app.openapi(releaseRoutes.paper, async (context) => {
    const { digest, kind } = context.req.valid("param");
    const release = await getRelease(database, scope, digest);
    return context.json(await getPaper(database, scope, blobs, release, kind), 200);
  });
  app.openapi(releaseRoutes.metadata, async (context) => {
    const { name } = context.req.valid("param");
    const file = await readMetadata(database, scope, name);
    if (!file) throw new BulkheadError("NOT_FOUND", `there is no ${name}`);
    return context.json(file, 200);
  });
  app.openapi(releaseRoutes.blob, async (context) => {
    const { digest } = context.req.valid("param");
    return context.json({ digest, lengthBytes: await lengthOf(blobs, digest) }, 200);
  });
  app.openapi(releaseRoutes.content, async (context) => {
    const { digest } = context.req.valid("param");
    const length = await lengthOf(blobs, digest);
    const headers = { "content-type": "application/octet-stream", "content-length": `${length}` };
    return new Response(Readable.toWeb(blobs.read(digest)) as ReadableStream, { headers });
  });
  app.openapi(releaseRoutes.putBlob, async (context) => {
    const { digest } = context.req.valid("param");
    const body: AsyncIterable<Uint8Array> = context.req.raw.body ?? empty();
    return context.json({ digest, ...(await blobs.put(digest, body)) }, 200);
  });
}

async function lengthOf(blobs: Kms["blobs"], digest: string): Promise<number> {
  const length = await blobs.lengthOf(digest);
  if (length !== undefined) return length;
  throw new BulkheadError("NOT_FOUND", `there is no blob ${digest}`);
}

async function* empty(): AsyncGenerator<Uint8Array> {}
