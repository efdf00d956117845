/** The chain of roots in an upload: each signed by the one before and by itself (TUF 1.0, section 5.3). */
import { BulkheadError } from "@bulkhead/protocol";
import type { Metadata, Root } from "@tufjs/models";
import { parseRoot } from "./repository.ts";
import type { SignedFile } from "./signing.ts";

/**
 * The roots of `uploaded` that come after `newest` (undefined: the KMS has none), in order. Pure. Errors: CONFLICT,
 * RELEASE_METADATA_INVALID, RELEASE_SIGNATURE_INVALID (where `verify`).
 */
export function extendRootChain(
  newest: SignedFile | undefined,
  uploaded: Readonly<Record<string, string>>,
  verify: boolean,
): SignedFile[] {
  const added: SignedFile[] = [];
  for (const file of inOrder(uploaded)) {
    const last = added.at(-1) ?? newest;
    if (last && file.version <= last.version) {
      checkSame(file, newest);
      continue;
    }
    if (last && file.version !== last.version + 1) {
      throw new BulkheadError("RELEASE_METADATA_INVALID", `${last.version + 1}.root.json is missing in the upload`, {
        remedy: "upload every root from the first to the newest",
      });
    }
    const root = parseRoot(file);
    if (root.signed.version !== file.version) {
      throw new BulkheadError(
        "RELEASE_METADATA_INVALID",
        `${file.name} says that it is version ${root.signed.version}`,
      );
    }
    if (verify) checkSigned(file.name, root, last && parseRoot(last));
    added.push(file);
  }
  return added;
}

function inOrder(uploaded: Readonly<Record<string, string>>): SignedFile[] {
  const files = Object.entries(uploaded).map(([name, content]) => ({
    name,
    version: Number.parseInt(name, 10),
    content,
  }));
  return files.sort((a, b) => a.version - b.version);
}

/** Another root under a known version means another project, or keys that were made anew. */
function checkSame(file: SignedFile, newest: SignedFile | undefined): void {
  if (!newest || file.version !== newest.version || file.content === newest.content) return;
  throw new BulkheadError("CONFLICT", `this KMS has another ${file.name}: the upload belongs to another project`, {
    remedy:
      "use the keys of the project that this KMS serves, or a KMS of its own for the other project; what one on your own machine keeps goes by `bulkhead forget`",
  });
}

function checkSigned(name: string, root: Metadata<Root>, before: Metadata<Root> | undefined): void {
  try {
    before?.verifyDelegate("root", root);
    root.verifyDelegate("root", root);
  } catch (cause) {
    throw new BulkheadError("RELEASE_SIGNATURE_INVALID", `${name} does not carry the signatures that a root needs`, {
      remedy: "sign it with enough root keys of the version before and of its own",
      cause,
    });
  }
}
