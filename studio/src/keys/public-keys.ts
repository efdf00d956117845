/** Public keys and numbers as the command line takes them. */
import { existsSync } from "node:fs";
import { BulkheadError, isWeakSigningKey, key32Schema } from "@bulkhead/protocol";
import { readKeyFile } from "./key-file.ts";

/** `a,b,…`: each a key file, of which the public half is taken, or a public key. Throws USAGE, KEYS_INVALID, KEY_WEAK. */
export async function publicKeysOf(list: string | undefined): Promise<string[]> {
  const names = (list ?? "").split(",").filter((name) => name !== "");
  return Promise.all(names.map(publicKeyOf));
}

async function publicKeyOf(name: string): Promise<string> {
  if (existsSync(name)) return (await readKeyFile(name)).publicKey;
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

/** A number of keys. Throws USAGE. */
export function countOf(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^[1-9]\d?$/.test(text)) return Number(text);
  throw new BulkheadError("USAGE", `--${option} ${text} is not a number of keys`);
}
