/** The key of a deployment, encrypted for one device. */
import { canonicalJson, type KeyPair, type WrappedKey } from "@bulkhead/protocol";
import { Encrypter } from "age-encryption";
import { ageRecipient } from "./write.ts";

export type WrapFor = { readonly deviceId: string; readonly openingKey: string };

/** As the command `admit` carries it: an age file, as base64. It is not compressed: the key store opens it without that. */
export async function wrapKey(deployment: string, key: KeyPair, { deviceId, openingKey }: WrapFor): Promise<string> {
  const content = canonicalJson({ format: 1, deployment, deviceId, ...key } satisfies WrappedKey);
  const encrypter = new Encrypter();
  encrypter.addRecipient(ageRecipient(openingKey));
  return Buffer.from(await encrypter.encrypt(content)).toString("base64");
}
