/** What the targets say of what is encrypted: beside the digest of its bytes that of what it opens to, by which it is known. */
import { opensToOf } from "@bulkhead/protocol";
import type { TargetFile } from "@tufjs/models";

/** Undefined for what is readable. Throws RELEASE_METADATA_INVALID. */
export function opensTo(file: TargetFile | undefined): string | undefined {
  return file && opensToOf(file.unrecognizedFields["custom"], file.path);
}

/** The digest of the release or paper itself, encrypted or not. Throws RELEASE_METADATA_INVALID. */
export function contentDigest(file: TargetFile | undefined): string | undefined {
  return file && (opensTo(file) ?? file.hashes["sha256"]);
}
