/** A release as it lies, signed, in a repository: readable, or for who has the key of a deployment. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { BulkheadError, parseEnvelope, parseReleaseText, type Release, sha256 } from "@bulkhead/protocol";
import { openRelease, type Unwrap } from "@bulkhead/runtime";
import type { TargetFile } from "@tufjs/models";
import { opensTo } from "./opens-to.ts";

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
  const text = await readTarget(repositoryDir, file);
  if (text === undefined) {
    throw new BulkheadError("FILE_UNREADABLE", `${repositoryDir} does not hold ${file.path} as it is signed`, {
      remedy: "restore the repository",
    });
  }
  const content = opensTo(file);
  if (content === undefined) return { release: parseReleaseText(text, file.path), text };
  return openRelease(text, { target: file.path, opensTo: content }, unwrap).catch((error: unknown) => {
    if (!(error instanceof BulkheadError) || error.code !== "SEALED_FOR_OTHERS") throw error;
    const { recipients } = parseEnvelope(text, file.path);
    const whose = `${file.path} is encrypted for ${recipients.join(", ")}`;
    throw new BulkheadError("SEALED_FOR_OTHERS", `${whose}, and no key that is here opens it`, {
      cause: error,
      remedy: "give the key of the deployment: --deployment-key FILE",
    });
  });
}

/** A target's bytes, which are what was signed; undefined where they are not here. Throws RELEASE_ARTIFACT_ALTERED. */
export async function readTarget(repositoryDir: string, { path, hashes }: TargetFile): Promise<string | undefined> {
  const digest = hashes["sha256"] ?? "";
  const file = join(repositoryDir, "targets", `${digest}.${path}`);
  const text = await readFile(file, "utf8").catch(() => undefined);
  if (text === undefined || sha256(text) === digest) return text;
  throw new BulkheadError("RELEASE_ARTIFACT_ALTERED", `${file} does not have the signed digest`);
}
