/**
 * What a component can do with keys that it never sees. Everything is bound to the component's name, which the channel
 * tells: no component can sign as another, as the device itself, or agree on another's secrets.
 */
import { createPrivateKey, createPublicKey, diffieHellman, hkdfSync } from "node:crypto";
import { BulkheadError, signMessage } from "@bulkhead/protocol";
import type { DeviceKeys } from "./key-record.ts";

/** The bytes that stand for `data` of `component` under the device key; no other protocol begins like this. */
export function signedBytes(component: string, data: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`bulkhead component 1 ${component}\n`), data]);
}

/** The device key's signature over data of one component. */
export function signAs(keys: DeviceKeys, component: string, data: Uint8Array): { signature: string } {
  return { signature: signMessage(keys.deviceKey, signedBytes(component, data)) };
}

/** What the derived secret is bound to, for both sides: `bulkhead agreement 1 <component>`. */
export const agreementInfo = (component: string) => `bulkhead agreement 1 ${component}`;

/**
 * A secret of 32 bytes that the holder of `publicKey`'s other half can derive, too: X25519 (RFC 7748), then HKDF-SHA256
 * with `agreementInfo`. Throws IPC_ARGUMENTS_INVALID for a key that leads to nothing (section 6.1 there: all zero).
 */
export function agreeAs(keys: DeviceKeys, component: string, publicKey: string): { secret: Uint8Array<ArrayBuffer> } {
  const { agreementKey } = keys;
  const own = { kty: "OKP", crv: "X25519", x: agreementKey.publicKey, d: agreementKey.privateKey };
  try {
    const shared = diffieHellman({
      privateKey: createPrivateKey({ key: own, format: "jwk" }),
      publicKey: createPublicKey({ key: { kty: "OKP", crv: "X25519", x: publicKey }, format: "jwk" }),
    });
    return { secret: new Uint8Array(hkdfSync("sha256", shared, new Uint8Array(), agreementInfo(component), 32)) };
  } catch {
    throw new BulkheadError("IPC_ARGUMENTS_INVALID", "this is no public key that a secret can be agreed with");
  }
}
