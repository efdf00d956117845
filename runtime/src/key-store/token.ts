/**
 * The enrolment token that a board's card brought: a signing key of one use, sealed like the keys, and gone once the management service has taken it.
 */
import { unlink } from "node:fs/promises";
import { join } from "node:path";
import {
  type KeyPair,
  key32Schema,
  type Redemption,
  redemptionBytes,
  signMessage,
  type Transcript,
} from "@bulkhead/protocol";
import { z } from "zod";
import { syncDirectory } from "../generations/durable.ts";
import type { DeviceKeys } from "./key-record.ts";
import { readSealed, removeTemporaries, replaceOwnFile } from "./own-file.ts";
import type { Sealer } from "./sealing.ts";

const fileName = "token.json";
const purpose = "token";
const tokenSchema = z.strictObject({ publicKey: key32Schema, privateKey: key32Schema });

export async function writeToken(directory: string, sealer: Sealer, token: KeyPair): Promise<void> {
  await replaceOwnFile(directory, fileName, sealer.seal(purpose, JSON.stringify(token)));
}

/** Undefined: the device is enrolled. Throws KEY_STORE_DAMAGED; the message never holds any of the text. */
export function readToken(directory: string, sealer: Sealer): Promise<KeyPair | undefined> {
  return readSealed(directory, fileName, { purpose, sealer, schema: tokenSchema, what: "token" });
}

/** Does nothing where there is none. */
export async function dropToken(directory: string): Promise<void> {
  await unlink(join(directory, fileName)).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
  });
  await removeTemporaries(directory, fileName);
  await syncDirectory(directory);
}

/** What shows that this device key is that of the board which got the token. */
export function redemptionOf(keys: DeviceKeys, token: KeyPair, transcript: Transcript): Redemption {
  const deviceKey = keys.deviceKey.publicKey;
  return { deviceKey, signature: signMessage(token, redemptionBytes(transcript, deviceKey)) };
}
