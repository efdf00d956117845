/** A key under another passphrase: the key stays, the file is made anew. */
import { BulkheadError } from "@bulkhead/protocol";
import { decryptKey } from "./encrypted-key.ts";
import { curveOf, keep, type Protection, readKeyFile, readPlainKey, replaceKeyFile } from "./key-file.ts";
import type { Passphrases } from "./signer.ts";

/** Also encrypts a key of the first version. Throws KEYS_LOCKED, KEYS_INVALID. */
export async function changePassphrase(
  file: string,
  current: Passphrases,
  next: () => Promise<Exclude<Protection, "development">>,
): Promise<{ publicKey: string }> {
  const plain = await readPlainKey(file);
  const { role, key } = plain ?? (await unlock(file, current));
  await replaceKeyFile({ file, role, publicKey: key.publicKey, kept: keep(key, role, await next()) });
  return { publicKey: key.publicKey };
}

async function unlock(file: string, current: Passphrases) {
  const { role, publicKey, kept } = await readKeyFile(file);
  if (kept.as !== "encrypted") {
    throw new BulkheadError("KEYS_INVALID", `${file} has no passphrase`, {
      remedy: "a token has its PIN, and a development key stays what it is: make another key",
    });
  }
  const key = decryptKey(kept.pkcs8, curveOf(role), await current(file));
  if (key?.publicKey === publicKey) return { role, key };
  throw new BulkheadError("KEYS_LOCKED", `${file} does not open with this passphrase`);
}
