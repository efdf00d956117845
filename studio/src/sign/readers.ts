/** Who will be able to read a release: that is said when it is signed, and nothing is readable because nobody thought of it. */
import { BulkheadError } from "@bulkhead/protocol";
import { recipientsOf } from "../keys/public-keys.ts";
import { readRepository } from "./repository.ts";
import { developmentMark } from "./root.ts";

export const readerOptions = {
  recipient: {
    type: "string",
    description: "Encrypt the release for the devices of these deployments: their keys' files or public halves.",
    valueHint: "KEY,…",
  },
  readable: {
    type: "boolean",
    description: "Do not encrypt it: everybody who has its files can read it, the management service among them.",
  },
} as const;

type Arguments = { recipient?: string | undefined; readable?: boolean | undefined; repository: string };

/** A refresh changes nothing but the expiry: what was encrypted stays so. Throws USAGE where it is told otherwise. */
export function checkRefresh({ recipient, readable }: Pick<Arguments, "recipient" | "readable">): void {
  if (recipient === undefined && readable !== true) return;
  throw new BulkheadError("USAGE", "a refresh leaves who can read a release as it is", {
    remedy: "leave out --recipient and --readable, or give the release that is to be signed anew in place of --refresh",
  });
}

/** The recipients' keys; undefined: it stays readable. Throws RECIPIENT_MISSING, USAGE, KEYS_INVALID, KEY_WEAK. */
export async function readersOf({ recipient, readable, repository }: Arguments): Promise<string[] | undefined> {
  if (recipient !== undefined && readable === true) {
    throw new BulkheadError("USAGE", "is it encrypted, or readable?", { remedy: "give --recipient or --readable" });
  }
  if (recipient !== undefined) return recipientsOf(recipient, (line) => process.stderr.write(`${line}\n`));
  if (readable === true) return undefined;
  const { root } = await readRepository(repository);
  // On the developer's own machine there is nobody to keep it from.
  if (root === undefined || root.signed.unrecognizedFields[developmentMark] === true) return undefined;
  throw new BulkheadError("RECIPIENT_MISSING", "nobody was named who will be able to read this release", {
    remedy:
      "encrypt it for a deployment's devices: --recipient KEY (docs/guide/confidentiality.md); or say --readable, and the management service and everybody who has its files can read all of it",
  });
}
