/**
 * Who will be able to read a release: that is said when the first is signed, stands until it is said otherwise, and nothing is readable because nobody
 * thought of it.
 */
import { BulkheadError, parseEnvelope } from "@bulkhead/protocol";
import { checkRecipient, recipientsOf } from "../keys/public-keys.ts";
import { opensTo } from "./opens-to.ts";
import { type Repository, readRepository } from "./repository.ts";
import { newestOf } from "./rollback.ts";
import { developmentMark } from "./root.ts";
import { readTarget } from "./target-file.ts";

export const readerOptions = {
  recipient: {
    type: "string",
    description:
      "Encrypt the release for the devices of these deployments: their keys' files or public halves. Default: as the one before it.",
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

/** Who will be able to read a release. */
export type Readers = {
  /** Their keys; undefined: everybody who has its files. */
  readonly recipients: readonly string[] | undefined;
  /** The signed release whose readers they are, where nobody was named. */
  readonly as?: string;
};

/**
 * The readers of the release `name`: who is named, else who can read the one of its name that was signed last, where that is encrypted. Throws
 * RECIPIENT_MISSING, USAGE, KEYS_INVALID, KEY_WEAK.
 */
export async function readersOf({ recipient, readable, repository }: Arguments, name: string): Promise<Readers> {
  if (recipient !== undefined && readable === true) {
    throw new BulkheadError("USAGE", "is it encrypted, or readable?", { remedy: "give --recipient or --readable" });
  }
  if (recipient !== undefined) {
    return { recipients: await recipientsOf(recipient, (line) => process.stderr.write(`${line}\n`)) };
  }
  if (readable === true) return { recipients: undefined };
  const found = await readRepository(repository);
  const before = await lastReaders(found, name);
  if (before !== undefined) return before;
  // On the developer's own machine there is nobody to keep it from.
  if (found.root === undefined || found.root.signed.unrecognizedFields[developmentMark] === true) {
    return { recipients: undefined };
  }
  throw new BulkheadError("RECIPIENT_MISSING", "nobody was named who will be able to read this release", {
    remedy:
      "encrypt it for a deployment's devices: --recipient KEY (docs/guide/confidentiality.md); or say --readable, and the management service and everybody who has its files can read all of it",
  });
}

/** Undefined where there is none, it is readable, or what it was encrypted for is not known here. */
async function lastReaders({ directory, targets }: Repository, name: string): Promise<Readers | undefined> {
  const last = newestOf(targets?.signed.targets ?? {}, name);
  if (last === undefined || opensTo(last) === undefined) return undefined;
  const text = await readTarget(directory, last);
  if (text === undefined) return undefined;
  const { recipients } = parseEnvelope(text, last.path);
  for (const key of recipients) checkRecipient(key, last.path);
  return { recipients, as: last.path };
}
