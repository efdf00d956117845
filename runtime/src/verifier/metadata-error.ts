/** What tuf-js and @tufjs/models throw, in our codes. Their classes carry no code, and some errors come as text only. */
import { BulkheadError, type ErrorCode, isFull } from "@bulkhead/protocol";

type Meaning = { pattern: RegExp; code: ErrorCode; message: string; remedy: string };

// tuf-js 5.0.1, client/src/store.ts and updater.ts: snapshot and targets errors arrive as text inside a RuntimeError.
const meanings: readonly Meaning[] = [
  {
    pattern: /is expired/,
    code: "RELEASE_METADATA_EXPIRED",
    message: "the metadata has expired",
    remedy:
      "the management service must sign a new timestamp, or the developer new targets; check the device's clock too",
  },
  {
    pattern: /was signed by \d+\/\d+ keys/,
    code: "RELEASE_SIGNATURE_INVALID",
    message: "the metadata is not signed by the keys that this device trusts",
    remedy: "sign with the keys of the project that this device was enrolled with",
  },
  {
    pattern: /is less than current version|Expected version \d+, got|Missing file .* in new snapshot/,
    code: "RELEASE_ROLLBACK",
    message: "the metadata is older than what this device has seen",
    remedy: "serve the newest metadata; nothing goes back here",
  },
];

// tuf-js 5.0.1, updater.ts: what the system says of a file that cannot be written arrives as text as well.
const notPersisted = /Failed to persist metadata \S+ error: Error: (?:ENOSPC|EDQUOT):/;

/** The coded error for what a TUF client threw; our own errors pass. */
export function metadataError(cause: unknown): BulkheadError {
  if (cause instanceof BulkheadError) return cause;
  const text = cause instanceof Error ? cause.message : String(cause);
  if (isFull(cause) || notPersisted.test(text)) {
    return new BulkheadError("STORAGE_FULL", "the device's disk has no room for newer metadata", {
      cause,
      remedy: "free room on the device's disk",
    });
  }
  const meaning = meanings.find(({ pattern }) => pattern.test(text));
  // Texts of a library over hostile input: cut, so that no answer grows with it.
  const detail = text.replaceAll(/\s+/g, " ").slice(0, 300);
  if (meaning === undefined) {
    return new BulkheadError("RELEASE_METADATA_INVALID", `the staged metadata is not valid: ${detail}`, { cause });
  }
  return new BulkheadError(meaning.code, `${meaning.message}: ${detail}`, { cause, remedy: meaning.remedy });
}
