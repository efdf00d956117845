/**
 * The offline keys of a project: three root keys, of which two must sign, and one targets key. In real use each root key
 * belongs on a medium of its own; files may be moved away, and signing a root needs any two of the three.
 */
import { existsSync } from "node:fs";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { BulkheadError, type KeyPair } from "@bulkhead/protocol";
import { createKeyFile, readKeyFile } from "./key-file.ts";

const rootFiles = ["root-1.json", "root-2.json", "root-3.json"] as const;
const targetsFile = "targets.json";

/** TUF's threshold for the root role: two of three survive the loss of one key and the theft of another. */
export const rootThreshold = 2;
export const rootKeyCount: number = rootFiles.length;

export type PublicKeys = { readonly root: readonly string[]; readonly targets: string };

/** Makes the keys of a project in `directory`, which must not exist or be empty. Returns the public halves. */
export async function initKeys(directory: string): Promise<PublicKeys> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  if ((await readdir(directory)).length > 0) {
    const remedy = "give a new directory; keys are never overwritten";
    throw new BulkheadError("KEYS_INVALID", `${directory} is not empty`, { remedy });
  }
  const root: string[] = [];
  for (const file of rootFiles) root.push((await createKeyFile(join(directory, file), "root")).publicKey);
  const targets = await createKeyFile(join(directory, targetsFile), "targets");
  return { root, targets: targets.publicKey };
}

/** The root keys that are in `directory`; at least the threshold. Throws KEYS_INVALID, KEY_WEAK. */
export async function readRootKeys(directory: string): Promise<KeyPair[]> {
  const present = rootFiles.map((file) => join(directory, file)).filter((file) => existsSync(file));
  if (present.length < rootThreshold) {
    const message = `${directory} has ${present.length} root keys, and ${rootThreshold} must sign`;
    throw new BulkheadError("KEYS_INVALID", message, { remedy: "bring the media of two root keys together" });
  }
  return Promise.all(present.map((file) => readKeyFile(file, "root")));
}

/** The targets key. Throws KEYS_INVALID, KEY_WEAK. */
export function readTargetsKey(directory: string): Promise<KeyPair> {
  return readKeyFile(join(directory, targetsFile), "targets");
}
