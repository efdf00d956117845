/**
 * The device secret, under which the key store seals its files. It lies in a directory of its own, which a board keeps
 * apart from its data; with a TPM 2.0 it lies there in a form that only this TPM can open. Made once, never replaced.
 */
import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { key32Schema } from "@bulkhead/protocol";
import { damaged } from "./key-record.ts";
import { readOwnFile, removeTemporaries, writeOnce } from "./own-file.ts";
import { secretBytes } from "./sealing.ts";
import { sealWithTpm, type Tcti, tpmSealedSchema, unsealWithTpm } from "./tpm.ts";

const plainName = "device-secret";
const tpmName = "device-secret.tpm";

export type SecretPlace = {
  readonly directory: string /** null: this device has no TPM. */;
  readonly tpm: Tcti | null;
};

/** The device secret; made where there is none. Throws KEY_STORE_DAMAGED where what is there cannot be used. */
export async function makeDeviceSecret(place: SecretPlace): Promise<Uint8Array> {
  await mkdir(place.directory, { recursive: true, mode: 0o700 });
  const found = await findSecret(place);
  if (!found) await writeNew(place);
  for (const name of [plainName, tpmName]) await removeTemporaries(place.directory, name);
  return readDeviceSecret(place);
}

/** The device secret. Throws KEY_STORE_DAMAGED where there is none: what was sealed with it is lost then. */
export async function readDeviceSecret(place: SecretPlace): Promise<Uint8Array> {
  const found = await findSecret(place);
  if (found) return found;
  throw damaged(join(place.directory, plainName), "it does not exist, and what was sealed with it cannot be opened");
}

async function findSecret({ directory, tpm }: SecretPlace): Promise<Uint8Array | undefined> {
  const sealed = await readOwnFile(directory, tpmName);
  if (sealed !== undefined) {
    if (tpm === null) throw damaged(join(directory, tpmName), "it was sealed by a TPM, and this device shows none");
    return checked(await unsealWithTpm(tpm, parseSealed(sealed, join(directory, tpmName))), join(directory, tpmName));
  }
  const plain = await readOwnFile(directory, plainName);
  if (plain === undefined) return undefined;
  const parsed = key32Schema.safeParse(plain.trim());
  if (!parsed.success) throw damaged(join(directory, plainName), "it is not a secret of 32 bytes");
  return checked(Buffer.from(parsed.data, "base64url"), join(directory, plainName));
}

async function writeNew({ directory, tpm }: SecretPlace): Promise<void> {
  const secret = randomBytes(secretBytes);
  if (tpm === null) await writeOnce(directory, plainName, `${secret.toString("base64url")}\n`);
  else await writeOnce(directory, tpmName, `${JSON.stringify(await sealWithTpm(tpm, secret))}\n`);
}

function parseSealed(text: string, file: string) {
  try {
    return tpmSealedSchema.parse(JSON.parse(text));
  } catch {
    throw damaged(file, "it is not what a TPM sealed");
  }
}

function checked(secret: Uint8Array, file: string): Uint8Array {
  if (secret.length !== secretBytes) throw damaged(file, `it has ${secret.length} bytes in place of ${secretBytes}`);
  return secret;
}
