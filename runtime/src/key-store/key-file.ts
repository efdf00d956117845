/**
 * The key file on disk, sealed with the device secret. It is made once: a name is only ever linked to a complete, synced
 * file, so a power cut leaves either no keys or all of them, and two first starts at the same time agree on one set. The
 * one change that is ever made to it is that an older form is written anew.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { KeyPair } from "@bulkhead/protocol";
import { makeDeviceSecret, readDeviceSecret, type SecretPlace } from "./device-secret.ts";
import {
  type DeviceKeys,
  damaged,
  decodeFirstRecord,
  decodeKeyRecord,
  encodeKeyRecord,
  generateKeys,
  type PublicKeys,
  publicHalves,
} from "./key-record.ts";
import { readOwnFile, removeTemporaries, replaceOwnFile, writeOnce } from "./own-file.ts";
import { createSealer, isSealed, type Sealer } from "./sealing.ts";

const fileName = "keys.json";
const purpose = "keys";

export type KeyStorePlaces = { readonly directory: string; readonly secret: SecretPlace };
export type OpenStore = { readonly keys: DeviceKeys; readonly sealer: Sealer };

/**
 * Makes the device's keys where there are none yet, and answers their public halves. Idempotent: keys that exist are
 * kept, damaged ones are reported (KEY_STORE_DAMAGED), never replaced. `tunnelKey`: one that is not to be made here.
 */
export async function initialiseKeys(places: KeyStorePlaces, tunnelKey?: KeyPair): Promise<PublicKeys> {
  const { directory, secret } = places;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  if ((await readOwnFile(directory, fileName)) === undefined) {
    const sealer = createSealer(await makeDeviceSecret(secret));
    await writeOnce(directory, fileName, sealer.seal(purpose, encodeKeyRecord(generateKeys(tunnelKey))));
  }
  await removeTemporaries(directory, fileName);
  return publicHalves((await openKeys(places)).keys);
}

/** The keys of an initialised store. Throws KEY_STORE_DAMAGED where they are missing or damaged. */
export async function openKeys({ directory, secret }: KeyStorePlaces): Promise<OpenStore> {
  const file = join(directory, fileName);
  const text = await readOwnFile(directory, fileName);
  if (text === undefined) throw damaged(file, "it does not exist; keys are made at provisioning only");
  if (!isSealed(text)) return sealFirstRecord(text, { directory, secret });
  const sealer = createSealer(await readDeviceSecret(secret));
  const record = sealer.open(purpose, text);
  if (record === undefined) throw damaged(file, "it was changed, or sealed with another device secret");
  return { keys: decodeKeyRecord(record, file), sealer };
}

/** Devices that were made before there was a seal: the same keys, sealed from now on. */
async function sealFirstRecord(text: string, { directory, secret }: KeyStorePlaces): Promise<OpenStore> {
  const keys = decodeFirstRecord(text, join(directory, fileName));
  const sealer = createSealer(await makeDeviceSecret(secret));
  await replaceOwnFile(directory, fileName, sealer.seal(purpose, encodeKeyRecord(keys)));
  return { keys, sealer };
}
