/**
 * The keys of the device's deployment, which releases are encrypted to: brought by an operator's command, which the verifier has judged,
 * encrypted for this device, and sealed on the disk like all else. They do not leave the store; the keys of single files do.
 */
import {
  BulkheadError,
  deviceIdOf,
  type KeyPair,
  key32Schema,
  nameSchema,
  type WrappedKey,
  wrappedKeySchema,
} from "@bulkhead/protocol";
import { z } from "zod";
import { firstFileKey, openAge, type Stanza } from "../age/index.ts";
import { type DeviceKeys, publicHalfOf } from "./key-record.ts";
import { openingPair } from "./opening-key.ts";
import { readSealed, removeTemporaries, replaceOwnFile } from "./own-file.ts";
import type { Sealer } from "./sealing.ts";

const fileName = "deployment-keys.json";
const purpose = "deployment keys";
/** The one before stays while releases for it are about. */
const maxKeys = 4;
const maxWrappedBytes = 2048;

const keptSchema = z
  .array(z.strictObject({ deployment: nameSchema, publicKey: key32Schema, privateKey: key32Schema }))
  .max(maxKeys);

export type DeploymentKeys = {
  /** Throws SEALED_FOR_OTHERS, SEALED_INVALID for what is not that key, for this device. */
  admit(asked: { deployment: string; publicKey: string; wrapped: Uint8Array }): Promise<null>;
  unwrap(asked: { stanzas: readonly { share: string; body: Uint8Array }[] }): {
    fileKey: Uint8Array<ArrayBuffer> | null;
  };
};

/** Throws KEY_STORE_DAMAGED; the message never holds any of the text. */
export async function openDeploymentKeys(directory: string, keys: DeviceKeys, sealer: Sealer): Promise<DeploymentKeys> {
  const sealed = { purpose, sealer, schema: keptSchema, what: "keys" };
  let kept = (await readSealed(directory, fileName, sealed)) ?? [];
  const own = openingPair(sealer);
  const deviceId = deviceIdOf(keys.deviceKey.publicKey);
  return {
    async admit({ deployment, publicKey, wrapped }) {
      const found = await openWrapped(wrapped, own);
      const isIt = found.deployment === deployment && found.publicKey === publicKey && found.deviceId === deviceId;
      if (!isIt) throw invalid("it is another key than the command says, or for another device");
      if (publicHalfOf("X25519", found.privateKey) !== publicKey) throw invalid("its halves do not belong together");
      const others = kept.filter((one) => one.publicKey !== publicKey);
      const next = [{ deployment, publicKey, privateKey: found.privateKey }, ...others].slice(0, maxKeys);
      await replaceOwnFile(directory, fileName, sealer.seal(purpose, JSON.stringify(next)));
      await removeTemporaries(directory, fileName);
      kept = next;
      return null;
    },
    unwrap({ stanzas }) {
      const fileKey = firstFileKey(stanzas.map(stanzaOf), kept);
      return { fileKey: fileKey === undefined ? null : new Uint8Array(fileKey) };
    },
  };
}

const stanzaOf = ({ share, body }: { share: string; body: Uint8Array }): Stanza => ({
  args: ["X25519", share],
  body: Buffer.from(body),
});

async function openWrapped(wrapped: Uint8Array, own: KeyPair): Promise<WrappedKey> {
  const pieces: Buffer[] = [];
  if (wrapped.length > maxWrappedBytes) throw invalid("it is too long");
  const source = (async function* () {
    yield wrapped;
  })();
  for await (const piece of openAge(source, (stanzas) => firstFileKey(stanzas, [own]))) pieces.push(piece);
  try {
    return wrappedKeySchema.parse(JSON.parse(Buffer.concat(pieces).toString()));
  } catch {
    // Without a cause: it would quote a key.
    throw invalid("it is of no known form");
  }
}

function invalid(why: string): BulkheadError {
  return new BulkheadError("SEALED_INVALID", `the key of a deployment that was brought is not taken: ${why}`, {
    remedy: "give it once more: `bulkhead device admit`",
  });
}
