/** Signing keys that live in a token, a YubiKey or a hardware security module, and never leave it. */
import { BulkheadError, isWeakSigningKey, verifySignature } from "@bulkhead/protocol";
import { attribute, edwardsKeyType, objectClass, type Session, type Template, withSession } from "./pkcs11.ts";
import type { Passphrases, Signer } from "./signer.ts";

/** Path of the PKCS #11 module, and the labels of token and key. */
export type TokenPlace = { readonly module: string; readonly token: string; readonly key: string };

/** A signer by the token's key, which must be the one of `publicKey`. The PIN is asked for once. */
export async function tokenSigner(place: TokenPlace, publicKey: string, passphrases: Passphrases): Promise<Signer> {
  const pin = await passphrases(`the PIN of the token ${place.token}`);
  await withSession(place.module, place.token, pin, (session) => checkKey(session, place, publicKey));
  return {
    publicKey,
    async sign(bytes) {
      const signature = await withSession(place.module, place.token, pin, (session) =>
        session.sign(findOne(session, place, objectClass.privateKey), bytes),
      );
      const text = signature.toString("base64url");
      if (verifySignature(publicKey, bytes, text)) return text;
      throw failed(place, "gave a signature that does not hold");
    },
  };
}

/** Makes a key in the token that cannot be taken out of it. Returns its public half. Throws TOKEN_FAILED, KEY_WEAK. */
export function makeTokenKey(place: TokenPlace, pin: string): Promise<string> {
  return withSession(place.module, place.token, pin, (session) => {
    if (session.find(templateOf(place, objectClass.publicKey)).length > 0) {
      throw failed(place, `has a key ${place.key} already`, "give another --token-key; keys are never overwritten");
    }
    session.generate(
      [...templateOf(place, objectClass.publicKey), ...curve, [attribute.token, yes], [attribute.verify, yes]],
      [
        ...templateOf(place, objectClass.privateKey),
        [attribute.token, yes],
        [attribute.private, yes],
        [attribute.sign, yes],
        [attribute.sensitive, yes],
        [attribute.extractable, no],
      ],
    );
    return readPublicKey(session, place);
  });
}

function checkKey(session: Session, place: TokenPlace, publicKey: string): void {
  findOne(session, place, objectClass.privateKey);
  if (readPublicKey(session, place) !== publicKey)
    throw failed(place, `has another key ${place.key} than the file names`);
}

/** CKA_EC_POINT: the 32 bytes, as PKCS #11 3.1 has it, or in an OCTET STRING, as 3.0 had it. */
function readPublicKey(session: Session, place: TokenPlace): string {
  const value = session.read(findOne(session, place, objectClass.publicKey), attribute.ecPoint);
  const publicKey = (value.length === 34 ? value.subarray(2) : value).toString("base64url");
  if (!isWeakSigningKey(publicKey)) return publicKey;
  throw new BulkheadError("KEY_WEAK", `the key ${place.key} of the token ${place.token} is of small order`);
}

function findOne(session: Session, place: TokenPlace, kind: number) {
  const [found, ...others] = session.find(templateOf(place, kind));
  if (found !== undefined && others.length === 0) return found;
  throw failed(place, `has ${found === undefined ? "no" : "more than one"} Ed25519 key ${place.key}`);
}

const templateOf = (place: TokenPlace, kind: number): Template => [
  [attribute.class, number(kind)],
  [attribute.keyType, number(edwardsKeyType)],
  [attribute.label, Buffer.from(place.key)],
];

const yes = Buffer.from([1]);
const no = Buffer.from([0]);
/** PrintableString "edwards25519" (PKCS #11 3.0, section 2.3.10). */
const curve: Template = [
  [attribute.ecParameters, Buffer.concat([Buffer.from([0x13, 12]), Buffer.from("edwards25519")])],
];

function number(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function failed(place: TokenPlace, what: string, remedy?: string): BulkheadError {
  return new BulkheadError("TOKEN_FAILED", `the token ${place.token} ${what}`, remedy === undefined ? {} : { remedy });
}
