/** A release as it lies, signed, in a repository: readable, or for who has the key of a deployment. */
import { parseReleaseText, type Release } from "@bulkhead/protocol";
import { openRelease, type Unwrap } from "@bulkhead/runtime";
import type { TargetFile } from "@tufjs/models";
import { opensTo } from "./opens-to.ts";
import { openTarget } from "./target-file.ts";

export type SignedDocument = { readonly release: Release; readonly text: string };

/** Undefined where its file is not here, or nobody here can read it. Throws RELEASE_INVALID and what opening does. */
export async function readSignedRelease(
  repositoryDir: string,
  file: TargetFile,
  unwrap: Unwrap,
): Promise<SignedDocument | undefined> {
  return openSignedRelease(repositoryDir, file, unwrap).catch((error: unknown) => {
    const { code } = error as { code?: unknown };
    if (code === "SEALED_FOR_OTHERS" || code === "FILE_UNREADABLE") return undefined;
    throw error;
  });
}

/** Throws FILE_UNREADABLE where its file is not here, SEALED_FOR_OTHERS where nobody here can read it, and as above. */
export async function openSignedRelease(
  repositoryDir: string,
  file: TargetFile,
  unwrap: Unwrap,
): Promise<SignedDocument> {
  const text = await openTarget(repositoryDir, file);
  const content = opensTo(file);
  if (content === undefined) return { release: parseReleaseText(text, file.path), text };
  return openRelease(text, { target: file.path, opensTo: content }, unwrap);
}
