/** The key of a file, wrapped for an X25519 key (age-encryption.org/v1, "The X25519 recipient type"). Pure. */
import { createDecipheriv, createPrivateKey, createPublicKey, diffieHellman, hkdfSync } from "node:crypto";
import type { KeyPair } from "@bulkhead/protocol";
import { decode, type Stanza } from "./header.ts";

export const fileKeyBytes = 16;
const tagBytes = 16;

/** The file's key, where `stanza` was made for `key`; undefined else. Throws SEALED_INVALID for one that cannot be for anybody. */
export function unwrapFileKey(stanza: Stanza, key: KeyPair): Buffer | undefined {
  const [kind, share = "", ...more] = stanza.args;
  if (kind !== "X25519" || more.length > 0 || stanza.body.length !== fileKeyBytes + tagBytes) return undefined;
  const ephemeral = decode(share);
  if (ephemeral.length !== 32) return undefined;
  const wrapKey = agree(key, ephemeral);
  return wrapKey && open(wrapKey, stanza.body);
}

/** The file's key, where one of the stanzas was made for one of the keys. Throws as unwrapFileKey. */
export function firstFileKey(stanzas: readonly Stanza[], keys: readonly KeyPair[]): Buffer | undefined {
  for (const key of keys) {
    for (const stanza of stanzas) {
      const fileKey = unwrapFileKey(stanza, key);
      if (fileKey !== undefined) return fileKey;
    }
  }
  return undefined;
}

/** Undefined for a share of small order, which leads to the same secret with every key (RFC 7748, section 6.1). */
function agree(key: KeyPair, ephemeral: Buffer): Uint8Array | undefined {
  const own = { kty: "OKP", crv: "X25519", x: key.publicKey, d: key.privateKey };
  const other = { kty: "OKP", crv: "X25519", x: ephemeral.toString("base64url") };
  try {
    const shared = diffieHellman({
      privateKey: createPrivateKey({ key: own, format: "jwk" }),
      publicKey: createPublicKey({ key: other, format: "jwk" }),
    });
    const salt = Buffer.concat([ephemeral, Buffer.from(key.publicKey, "base64url")]);
    return new Uint8Array(hkdfSync("sha256", shared, salt, "age-encryption.org/v1/X25519", 32));
  } catch {
    return undefined;
  }
}

function open(wrapKey: Uint8Array, body: Buffer): Buffer | undefined {
  const decipher = createDecipheriv("chacha20-poly1305", wrapKey, Buffer.alloc(12), { authTagLength: tagBytes });
  decipher.setAuthTag(body.subarray(-tagBytes));
  try {
    return Buffer.concat([decipher.update(body.subarray(0, -tagBytes)), decipher.final()]);
  } catch {
    return undefined;
  }
}
