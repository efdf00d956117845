/** Documents as they were signed, and the artifacts that a release names: no more of it is understood here than that. */
import { artifactSchema, BulkheadError, sha256 } from "@bulkhead/protocol";
import { z } from "zod";
import type { StudioClient } from "../api/client.ts";

const maxDocumentBytes = 4 * 1024 * 1024;
const namesSchema = z.object({ artifacts: z.array(artifactSchema) });

/** Throws NOT_FOUND, RELEASE_ARTIFACT_ALTERED. */
export async function readDocument(client: Pick<StudioClient, "downloadBlob">, digest: string): Promise<string> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of await client.downloadBlob(digest)) {
    length += piece.length;
    if (length > maxDocumentBytes) break;
    pieces.push(piece);
  }
  const text = Buffer.concat(pieces).toString("utf8");
  if (sha256(text) === digest) return text;
  throw new BulkheadError("RELEASE_ARTIFACT_ALTERED", `the document ${digest} is not what was signed`, {
    remedy: "upload the release again",
  });
}

/** Throws RELEASE_INVALID. */
export function artifactsOf(document: string, name: string): { digest: string; length: number }[] {
  try {
    const { artifacts } = namesSchema.parse(JSON.parse(document));
    return [...new Map(artifacts.map((one) => [one.digest, one])).values()];
  } catch (cause) {
    throw new BulkheadError("RELEASE_INVALID", `${name} does not say which artifacts it has`, { cause });
  }
}
