/** The artifacts that are missing, out of the file: each is hashed on its way, and gets its name when it is whole and safe. */
import { createHash } from "node:crypto";
import { rename } from "node:fs/promises";
import { join } from "node:path";
import { BulkheadError, type ExportEntry, type ImportReport } from "@bulkhead/protocol";
import { explainFull, syncDirectory, withFile } from "../durable-file.ts";
import type { Blob } from "../fetch/blob-path.ts";
import { bytesOf, checkRoom, prune } from "../fetch/staging.ts";

/**
 * Reads the file to its end: one that was cut is not installed from. `roomBytes`: what installing takes beside it. Throws EXPORT_INCOMPLETE, RELEASE_ARTIFACT_ALTERED, STORAGE_FULL, FETCH_TOO_LARGE, and what
 * reading throws.
 */
export async function takeBlobs(
  first: ExportEntry | undefined,
  entries: AsyncGenerator<ExportEntry>,
  { missing, roomBytes }: { readonly missing: readonly Blob[]; readonly roomBytes: number },
  directory: string,
  tell: (report: ImportReport) => void,
): Promise<void> {
  const wanted = new Map(missing.map((blob) => [blob.digest, blob]));
  const bytes = bytesOf(missing);
  tell({ event: "wanted", blobs: wanted.size, bytes });
  await prune(directory, () => false);
  await checkRoom(directory, bytes + roomBytes);
  let taken = 0;
  for (let entry = first; entry !== undefined; ) {
    const blob = entry.kind === "blob" ? wanted.get(entry.name) : undefined;
    if (blob) {
      await takeBlob(entry, blob, directory);
      wanted.delete(blob.digest);
      taken += blob.length;
      tell({ event: "taken", bytes: taken });
    }
    const next = await entries.next();
    entry = next.done ? undefined : next.value;
  }
  const [left] = wanted.keys();
  if (left === undefined) return;
  throw new BulkheadError("EXPORT_INCOMPLETE", `${wanted.size} of the artifacts are not in the file, ${left} first`, {
    remedy: "the device has less than was thought: export without --since and --only-missing",
  });
}

async function takeBlob({ content, sizeBytes }: ExportEntry, { digest, length }: Blob, directory: string) {
  if (sizeBytes !== length) throw altered(digest, `has ${sizeBytes} bytes, and ${length} were signed`);
  const part = join(directory, `${digest}.part`);
  const hash = createHash("sha256");
  await explainFull(part, () =>
    withFile(part, "w", async (file) => {
      for await (const piece of content) {
        hash.update(piece);
        await file.appendFile(piece);
      }
      await file.sync();
    }),
  );
  if (hash.digest("hex") !== digest) throw altered(digest, "does not have its digest");
  await rename(part, join(directory, digest));
  await syncDirectory(directory);
}

function altered(digest: string, what: string): BulkheadError {
  return new BulkheadError("RELEASE_ARTIFACT_ALTERED", `the artifact ${digest} in the file ${what}`, {
    remedy: "copy the file again; if it happens again, export the release again",
  });
}
