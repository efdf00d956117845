/** Public keys and numbers as the command line takes them. */
import { existsSync } from "node:fs";
import {
  BulkheadError,
  isWeakSigningKey,
  isWeakX25519Key,
  isX25519Key,
  key32Schema,
  maxRecipients,
  recipientsSchema,
} from "@bulkhead/protocol";
import { readKeyFile } from "./key-file.ts";

/** `a,b,…`: each a key file, of which the public half is taken, or a public key. Throws USAGE, KEYS_INVALID, KEY_WEAK. */
export async function publicKeysOf(list: string | undefined): Promise<string[]> {
  const names = (list ?? "").split(",").filter((name) => name !== "");
  return Promise.all(names.map(publicKeyOf));
}

async function publicKeyOf(name: string): Promise<string> {
  if (existsSync(name)) {
    const { role, publicKey } = await readKeyFile(name);
    if (role !== "deployment") return publicKey;
    throw new BulkheadError("KEYS_INVALID", `${name} is the key of a deployment, which signs nothing`);
  }
  if (!key32Schema.safeParse(name).success) {
    throw new BulkheadError("USAGE", `${name} is neither a key file nor a public key`, {
      remedy:
        "a public key is 43 characters of base64url, as `bulkhead keys public` and the management service show it",
    });
  }
  if (!isWeakSigningKey(name)) return name;
  throw new BulkheadError("KEY_WEAK", `the public key ${name} is of small order`, {
    remedy: "a key of this kind accepts forged signatures; make another",
  });
}

/**
 * `a,b,…`: for whom something is encrypted, each the key file of a deployment or its public half. `warn` is told of what is taken on trust.
 * Throws USAGE, KEYS_INVALID, KEY_WEAK.
 */
export async function recipientsOf(list: string, warn: (line: string) => void): Promise<string[]> {
  const keys = await Promise.all(list.split(",").map((name) => recipientOf(name, warn)));
  if (recipientsSchema.safeParse(keys).success) return keys;
  throw new BulkheadError("USAGE", `${list}: a release is for 1 to ${maxRecipients} keys, each named once`);
}

async function recipientOf(name: string, warn: (line: string) => void): Promise<string> {
  if (existsSync(name)) {
    const { role, publicKey } = await readKeyFile(name);
    if (role !== "deployment") throw noRecipient(`${name} is a ${role} key`);
    checkRecipient(publicKey, name);
    return publicKey;
  }
  if (!key32Schema.safeParse(name).success) {
    throw new BulkheadError("USAGE", `${name} is neither the key file of a deployment nor its public half`, {
      remedy: "the public half is 43 characters of base64url, as `bulkhead keys public` shows it",
    });
  }
  checkRecipient(name, name);
  warn(`${name} does not say whose key it is: nobody opens the release if it is none of a deployment.`);
  warn("  A file does: bulkhead keys public KEY -o FILE");
  return name;
}

/** Throws KEY_WEAK. */
export function checkRecipient(publicKey: string, where: string): void {
  if (isWeakX25519Key(publicKey)) {
    throw new BulkheadError("KEY_WEAK", `the public key ${where} is of small order: anybody opens what is for it`, {
      remedy: "make another with `bulkhead keys new FILE --role deployment`",
    });
  }
  if (!isX25519Key(publicKey)) throw noRecipient(`${where} is no public half of a deployment's key`);
}

function noRecipient(what: string): BulkheadError {
  return new BulkheadError("KEYS_INVALID", `${what}, and releases are encrypted to that of a deployment`, {
    remedy: "make one with `bulkhead keys new FILE --role deployment`",
  });
}

/** A number of keys. Throws USAGE. */
export function countOf(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^[1-9]\d?$/.test(text)) return Number(text);
  throw new BulkheadError("USAGE", `--${option} ${text} is not a number of keys`);
}
