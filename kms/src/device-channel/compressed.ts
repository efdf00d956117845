/**
 * Compresses what many devices fetch once for each content, whoever asks and however many at once. Known by its digest, so
 * another version is another entry; the least lately asked for go when the bound is reached.
 */
import { promisify } from "node:util";
import { type BrotliOptions, brotliCompress, constants } from "node:zlib";
import { sha256 } from "@bulkhead/protocol";

/** The newest of each role, and what devices in the middle of an update still ask for; a list of targets has at most 5 MB before. */
const maxKeptBytes = 16 * 1024 * 1024;
/** Also of the smallest: what an entry costs besides its bytes. */
const entryBytes = 512;

export type Compress = (content: Buffer) => Promise<Buffer>;

export function compressOnce(compress: Compress = withBrotli, maxBytes: number = maxKeptBytes): Compress {
  /** In the order in which they were last asked for. What is being compressed counts as nothing until it is there. */
  const kept = new Map<string, { readonly body: Promise<Buffer>; sizeBytes: number }>();
  let keptBytes = 0;

  function drop(key: string): void {
    keptBytes -= kept.get(key)?.sizeBytes ?? 0;
    kept.delete(key);
  }

  async function make(key: string, content: Buffer): Promise<Buffer> {
    const entry = { body: compress(content), sizeBytes: 0 };
    kept.set(key, entry);
    try {
      const body = await entry.body;
      entry.sizeBytes = body.length + entryBytes;
      keptBytes += entry.sizeBytes;
      for (const [oldest, { sizeBytes }] of kept) {
        if (keptBytes <= maxBytes) break;
        // What is under way stays: dropped, it would be counted when it is there, and never be taken off again.
        if (sizeBytes > 0) drop(oldest);
      }
      return body;
    } catch (error) {
      drop(key);
      throw error;
    }
  }

  return (content) => {
    const key = sha256(content);
    const found = kept.get(key);
    if (!found) return make(key, content);
    kept.delete(key);
    kept.set(key, found);
    return found.body;
  };
}

/** The quality that costs least for nearly all of the gain. */
const withBrotli: Compress = (content) =>
  promisify<Buffer, BrotliOptions, Buffer>(brotliCompress)(content, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 5, [constants.BROTLI_PARAM_SIZE_HINT]: content.length },
  });
