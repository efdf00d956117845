/** Writes the file: whole and safe under its name, or not at all, for a stick is pulled out when the command is over. */
import { createHash } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import {
  BulkheadError,
  type ExportHeader,
  type ExportSource,
  exportPaths,
  sha256,
  writeExport,
} from "@bulkhead/protocol";

export type Content = {
  readonly files: ReadonlyMap<string, string>;
  readonly documents: readonly string[];
  readonly blobs: readonly { readonly digest: string; readonly length: number }[];
  readonly download: (digest: string) => Promise<AsyncIterable<Uint8Array>>;
};

/** Throws RELEASE_ARTIFACT_ALTERED where a blob is not what its digest says, STATE_UNWRITABLE. */
export async function writeFileOf(out: string, header: ExportHeader, content: Content): Promise<void> {
  const growing = `${out}.part`;
  try {
    const file = await open(growing, "w");
    try {
      for await (const piece of writeExport(header, sourcesOf(content))) await file.appendFile(piece);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(growing, out);
    await sync(dirname(out));
  } catch (cause) {
    await rm(growing, { force: true }).catch(() => undefined);
    if (cause instanceof BulkheadError || !(cause instanceof Error) || !("code" in cause)) throw cause;
    throw new BulkheadError("STATE_UNWRITABLE", `${out} cannot be written: ${cause.message}`, {
      cause,
      remedy: "give another place with --out, with room for all of it",
    });
  }
}

function sourcesOf({ files, documents, blobs, download }: Content): ExportSource[] {
  return [
    ...[...files].map(([name, text]) => textAt(exportPaths.metadata(name), text)),
    ...documents.map((text) => textAt(exportPaths.document(sha256(text)), text)),
    ...blobs.map(({ digest, length }) => ({
      path: exportPaths.blob(digest),
      sizeBytes: length,
      content: () => checked(digest, length, download),
    })),
  ];
}

function textAt(path: string, text: string): ExportSource {
  const bytes = Buffer.from(text);
  return { path, sizeBytes: bytes.length, content: () => [bytes] };
}

async function* checked(digest: string, length: number, download: Content["download"]): AsyncGenerator<Uint8Array> {
  const hash = createHash("sha256");
  let count = 0;
  for await (const piece of await download(digest)) {
    hash.update(piece);
    count += piece.length;
    if (count > length) break;
    yield piece;
  }
  if (count === length && hash.digest("hex") === digest) return;
  throw new BulkheadError("RELEASE_ARTIFACT_ALTERED", `the management service has other bytes than ${digest}`, {
    remedy: "upload the release again",
  });
}

async function sync(directory: string): Promise<void> {
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
