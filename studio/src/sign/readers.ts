/**
 * Who will be able to read a release: that is said when the first is signed, stands until it is said otherwise, and nothing is readable because nobody
 * thought of it.
 */
import { BulkheadError, parseEnvelope } from "@bulkhead/protocol";
import type { TargetFile } from "@tufjs/models";
import { checkRecipient, recipientsOf } from "../keys/public-keys.ts";
import { opensTo } from "./opens-to.ts";
import { type Repository, readRepository } from "./repository.ts";
import { newestOf, statedOf } from "./rollback.ts";
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
 * The readers of the release `name`: who is named, else who can read the one of its name that was signed last, where that is encrypted, and not the
 * one that devices may go back to. Throws RECIPIENT_MISSING, USAGE, KEYS_INVALID, KEY_WEAK, RELEASE_ARTIFACT_ALTERED.
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
  const files = found.targets?.signed.targets ?? {};
  const stated = statedOf(files, name);
  if (stated !== undefined) throw await notGuessed(found, stated);
  const last = newestOf(files, name);
  const recipients = last && (await recipientsIn(found, last));
  if (last !== undefined && recipients !== undefined) return { recipients, as: last.path };
  // On the developer's own machine there is nobody to keep it from.
  if (found.root === undefined || found.root.signed.unrecognizedFields[developmentMark] === true) {
    return { recipients: undefined };
  }
  throw missing("nobody was named who will be able to read this release", `encrypt it for ${sayWho}`);
}

const sayWho =
  "a deployment's devices: --recipient KEY (docs/guide/confidentiality.md); or say --readable, and the management service and everybody who has its files can read all of it";

/** For whom a signed release is encrypted; undefined: it is readable. Throws RECIPIENT_MISSING where its file, which says so, is not here. */
async function recipientsIn({ directory }: Repository, signed: TargetFile): Promise<readonly string[] | undefined> {
  if (opensTo(signed) === undefined) return undefined;
  const text = await readTarget(directory, signed);
  if (text === undefined) {
    const message = `${signed.path} is encrypted, and ${directory} does not hold the file that says for whom`;
    throw missing(message, `bring targets/ of the repository here, or name them anew: encrypt it for ${sayWho}`);
  }
  const { recipients } = parseEnvelope(text, signed.path);
  for (const key of recipients) checkRecipient(key, signed.path);
  return recipients;
}

/** The release that is gone back to is older than those that were withdrawn: who was dropped since is among its readers. */
async function notGuessed(found: Repository, stated: TargetFile): Promise<BulkheadError> {
  const recipients = await recipientsIn(found, stated);
  const were = recipients === undefined ? "readable" : `encrypted for ${recipients.join(", ")}`;
  return missing(
    `nobody was named who will be able to read this release, and ${stated.path}, which devices may go back to, does not say it for those after it`,
    `${stated.path} is ${were}; leave out whoever was dropped since, and encrypt it for ${sayWho}`,
  );
}

const missing = (message: string, remedy: string): BulkheadError =>
  new BulkheadError("RECIPIENT_MISSING", message, { remedy });
