/** What the targets say of what is encrypted: beside the digest of its bytes that of what it opens to, by which it is known. */
import type { TargetFile } from "@tufjs/models";

/** Undefined for what is readable. */
export function opensTo(file: TargetFile | undefined): string | undefined {
  const digest = (file?.custom as { opensTo?: unknown } | undefined)?.opensTo;
  return typeof digest === "string" ? digest : undefined;
}

/** The digest of the release or paper itself, encrypted or not. */
export function contentDigest(file: TargetFile | undefined): string | undefined {
  return file && (opensTo(file) ?? file.hashes["sha256"]);
}
