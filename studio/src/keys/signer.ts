/** What signs: a public key and signatures by it. Whether its private half is in a file or a token is its own business. */
import { type KeyPair, signMessage } from "@bulkhead/protocol";

/** Answers with the passphrase of a key file, or the PIN of a token. */
export type Passphrases = (what: string) => Promise<string>;

export type Signer = {
  /** Ed25519, 32 bytes as base64url. */
  readonly publicKey: string;
  /** The signature of `bytes` (RFC 8032, not hashed before), 64 bytes as base64url. */
  sign(bytes: Uint8Array): Promise<string>;
};

/** A signer by a key in memory. */
export function memorySigner(key: KeyPair): Signer {
  return { publicKey: key.publicKey, sign: async (bytes) => signMessage(key, bytes) };
}
