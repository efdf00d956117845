/**
 * The first keys of a project: three root keys, of which two must sign, and the targets keys. In real use each root key
 * belongs on a medium of its own; files may be moved away, and signing a root needs any two of the three.
 */
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";
import { createKeyFile, type KeyRole, keep, type Protection, readPlainKey, replaceKeyFile } from "./key-file.ts";

/** TUF's threshold for the root role: two of three survive the loss of one key and the theft of another. */
export const rootThreshold = 2;
const rootKeyCount = 3;

export type PublicKeys = { readonly root: readonly string[]; readonly targets: readonly string[] };

/** Makes the keys of a project in `directory`, which must not exist or be empty. Returns the public halves. */
export async function initKeys(directory: string, protection: Protection, targetsKeyCount = 1): Promise<PublicKeys> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  if ((await readdir(directory)).length > 0) {
    const remedy = "give a new directory; keys are never overwritten";
    throw new BulkheadError("KEYS_INVALID", `${directory} is not empty`, { remedy });
  }
  const make = async (role: KeyRole, count: number) => {
    const made: string[] = [];
    for (let number = 1; number <= count; number++) {
      const { publicKey } = await createKeyFile(join(directory, `${role}-${number}.json`), role, protection);
      made.push(publicKey);
    }
    return made;
  };
  return { root: await make("root", rootKeyCount), targets: await make("targets", targetsKeyCount) };
}

/** Marks keys of the first version, which a system on this machine made for itself, as the development keys that they are. */
export async function markDevelopmentKeys(directory: string): Promise<void> {
  for (const name of (await readdir(directory)).filter((one) => one.endsWith(".json"))) {
    const file = join(directory, name);
    const plain = await readPlainKey(file);
    if (plain === undefined) continue;
    const { role, key } = plain;
    await replaceKeyFile({ file, role, publicKey: key.publicKey, kept: keep(key, role, "development") });
  }
}
