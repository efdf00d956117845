/**
 * The key that others encrypt to for this device (X25519). It is made of the device secret, so it lies nowhere, and devices from before there
 * was one have it too. Nothing else is done with it: components agree on secrets with another key, and the tunnel has its own.
 */
import { type KeyPair, type OpeningKey, openingKeyBytes, signMessage } from "@bulkhead/protocol";
import { type DeviceKeys, publicHalfOf } from "./key-record.ts";
import type { Sealer } from "./sealing.ts";

const purpose = "opening key";

export function openingPair(sealer: Sealer): KeyPair {
  const privateKey = Buffer.from(sealer.derive(purpose)).toString("base64url");
  return { publicKey: publicHalfOf("X25519", privateKey), privateKey };
}

/** Its public half, and the device key's word that it is this device's. */
export function openingKeyOf({ deviceKey }: DeviceKeys, { publicKey }: KeyPair): OpeningKey {
  const own = { deviceKey: deviceKey.publicKey, publicKey };
  return { ...own, signature: signMessage(deviceKey, openingKeyBytes(own)) };
}
